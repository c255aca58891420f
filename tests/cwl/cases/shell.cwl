cwlVersion: v1.2
class: CommandLineTool
requirements: {ShellCommandRequirement: {}}
baseCommand: echo
arguments:
  - {position: 1, valueFrom: "a  b; echo no"}
  - {position: 2, shellQuote: false, valueFrom: "| tr a-z A-Z >"}
  - {position: 3, valueFrom: $(inputs.name)}
inputs: {name: string}
outputs:
  text: {type: File, outputBinding: {glob: $(inputs.name)}}
