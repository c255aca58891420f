cwlVersion: v1.2
class: CommandLineTool
doc: Parameter references need no JavaScript.
requirements: {ResourceRequirement: {coresMin: 1, ramMin: 100}}
baseCommand: [printf, '%s\n']
arguments:
  - $(inputs.text.basename) $(inputs.text.nameroot) $(inputs.text.nameext) $(inputs.text.size)
  - $(inputs.list.length) $(inputs.list[1]) $(inputs["list"])
  - $(inputs.record['key with blank']) $(inputs.record)
  - $(runtime.cores) $(runtime.ram)
  - \$(not.one) \\ \x
inputs:
  text: File
  list: int[]
  record: {type: {type: record, fields: [{name: key with blank, type: string}]}, default: {key with blank: v}}
outputs: {out: stdout}
stdout: references.txt
