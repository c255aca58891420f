cwlVersion: v1.2
class: CommandLineTool
label: Synthetic filterbank data with pulses, satellites and mobile phones in them, and the mask of each
baseCommand: [synthesise, --out, payloads.h5]
requirements:
  ResourceRequirement:
    coresMin: 16
    ramMin: 65536
  ToolTimeLimit:
    timelimit: 3600
inputs:
  payloads:
    type: int
    inputBinding:
      prefix: --payloads
  side:
    type: int
    doc: Pixels of a side of the time-frequency image
    inputBinding:
      prefix: --side
outputs:
  dataset:
    type: File
    format: http://edamontology.org/format_3590
    outputBinding:
      glob: payloads.h5
