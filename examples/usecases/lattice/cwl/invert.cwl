cwlVersion: v1.2
class: CommandLineTool
label: Quark propagators on one gauge configuration, and the correlators made of them
baseCommand: [invert, --out, correlators.h5]
requirements:
  ResourceRequirement:
    coresMin: 48
    ramMin: 180000
  ToolTimeLimit:
    timelimit: 21600
inputs:
  configuration:
    type: File
    inputBinding:
      position: 1
  kappa:
    type: double
    inputBinding:
      prefix: --kappa
outputs:
  correlators:
    type: File
    format: http://edamontology.org/format_3590
    outputBinding:
      glob: correlators.h5
