cwlVersion: v1.2
class: CommandLineTool
label: Damage to buildings and roads from a map of flood depth
baseCommand: [fiat, run]
requirements:
  DockerRequirement:
    dockerPull: ghcr.io/example/fiat@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
  ResourceRequirement:
    coresMin: 2
    ramMin: 8192
  ToolTimeLimit:
    timelimit: 3600
inputs:
  model:
    type: Directory
    inputBinding:
      prefix: --model
  depth:
    type: File
    format: http://www.opengis.net/spec/GeoTIFF/1.1
    inputBinding:
      prefix: --depth
outputs:
  damages:
    type: File
    format: http://edamontology.org/format_3752
    outputBinding:
      glob: damages.csv
