cwlVersion: v1.2
class: CommandLineTool
label: One model's files on the common grid, with the calendar of all
baseCommand: [regrid, --out, regridded.nc]
requirements:
  ResourceRequirement:
    coresMin: 8
    ramMin: 65536
  ToolTimeLimit:
    timelimit: 7200
inputs:
  projection:
    type: File
    format: http://edamontology.org/format_3650
    inputBinding:
      position: 1
  degrees:
    type: double
    doc: Spacing of the common grid
    inputBinding:
      prefix: --degrees
outputs:
  regridded:
    type: File
    format: http://edamontology.org/format_3650
    outputBinding:
      glob: regridded.nc
