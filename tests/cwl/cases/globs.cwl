cwlVersion: v1.2
class: CommandLineTool
baseCommand: [sh, -c, 'mkdir -p d/e; touch b.txt a.txt c.dat d/x d/e/y']
inputs: {suffix: {type: string, default: dat}}
outputs:
  texts: {type: "File[]", outputBinding: {glob: "*.txt"}}
  several: {type: "File[]", outputBinding: {glob: [c.*, a.txt]}}
  named: {type: File, outputBinding: {glob: "c.$(inputs.suffix)"}}
  none: {type: "File[]", outputBinding: {glob: "*.none"}}
  absent: {type: File?, outputBinding: {glob: absent}}
  folder: {type: Directory, outputBinding: {glob: d}}
  any: {type: Any, outputBinding: {glob: "*.dat"}}
