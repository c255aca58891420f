cwlVersion: v1.2
class: CommandLineTool
label: Selects auxiliary channels whose loud moments in the Q-transform coincide with those of the strain
baseCommand: [select-channels, --channels, channels.json, --dataset, dataset.h5]
requirements:
  ResourceRequirement:
    coresMin: 16
    ramMin: 65536
  ToolTimeLimit:
    timelimit: 7200
inputs:
  frames:
    type: File[]
    format: http://edamontology.org/format_3590
    doc: Hours of all channels
    inputBinding:
      position: 1
  snr:
    type: float
    doc: A moment is loud from this signal-to-noise ratio on
    inputBinding:
      prefix: --snr
  keep:
    type: int
    doc: So many channels are kept
    inputBinding:
      prefix: --keep
outputs:
  channels:
    type: File
    format: http://edamontology.org/format_3464
    outputBinding:
      glob: channels.json
  dataset:
    type: File
    format: http://edamontology.org/format_3590
    doc: Resampled, whitened, cut into time-frequency images around the loud moments
    outputBinding:
      glob: dataset.h5
