cwlVersion: v1.2
class: CommandLineTool
label: Shower shapes and energy response of generated events against those of the full simulation
baseCommand: [compare-showers, --plots, plots, --report, report.json]
requirements:
  DockerRequirement:
    dockerPull: ghcr.io/example/compare-showers@sha256:5c1b0c3f7d9e2a468b13579ace02468bdf13579ace02468bdf13579ace024680
  ResourceRequirement:
    coresMin: 8
    ramMin: 32768
  ToolTimeLimit:
    timelimit: 1800
inputs:
  generated:
    type: File
    format: http://edamontology.org/format_3590
    inputBinding:
      prefix: --generated
  simulated:
    type: File
    format: http://edamontology.org/format_3590
    inputBinding:
      prefix: --simulated
outputs:
  plots:
    type: File[]
    format: http://edamontology.org/format_3603
    outputBinding:
      glob: plots/*.png
  report:
    type: File
    format: http://edamontology.org/format_3464
    outputBinding:
      glob: report.json
