cwlVersion: v1.2
class: Workflow
label: Forcing from several services on one grid
inputs:
  boundary:
    type: File
    format: http://edamontology.org/format_3650
  rain:
    type: File
    format: http://edamontology.org/format_3650
outputs:
  forcing:
    type: File
    format: http://edamontology.org/format_3650
    outputSource: merge/merged
steps:
  merge:
    run:
      class: CommandLineTool
      baseCommand: [merge-forcing, --out, forcing.nc]
      inputs:
        boundary: {type: File, inputBinding: {prefix: --boundary}}
        rain: {type: File, inputBinding: {prefix: --rain}}
      outputs:
        merged: {type: File, outputBinding: {glob: forcing.nc}}
    in:
      boundary: boundary
      rain: rain
    out: [merged]
