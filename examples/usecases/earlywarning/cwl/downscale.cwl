cwlVersion: v1.2
class: CommandLineTool
label: Seasonal forecast to the grid of the hydrological model, by a trained encoder and decoder
baseCommand: [downscale, --out, downscaled.nc]
requirements:
  ResourceRequirement:
    coresMin: 8
    ramMin: 32768
  ToolTimeLimit:
    timelimit: 3600
inputs:
  forecast:
    type: File
    format: http://edamontology.org/format_3650
    doc: Members of the seasonal forecast
    inputBinding:
      position: 1
  orography:
    type: File
    format: http://edamontology.org/format_3650
    inputBinding:
      prefix: --orography
outputs:
  downscaled:
    type: File
    format: http://edamontology.org/format_3650
    outputBinding:
      glob: downscaled.nc
