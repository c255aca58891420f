cwlVersion: v1.2
class: Workflow
requirements: {ScatterFeatureRequirement: {}, SchemaDefRequirement: {types: [{name: kind, type: enum, symbols: [a, b]}]}}
inputs:
  lines: {type: "File[]", secondaryFiles: [{pattern: ^.idx, required: false}]}
  kind: {type: ["null", kind], default: a}
outputs: [{id: all, type: File, outputSource: join/out}]
steps:
  - {id: each, scatter: in, in: {in: lines}, out: [out], run: {class: CommandLineTool, baseCommand: cat, stdout: o.txt,
      inputs: {in: {type: File, inputBinding: {position: $(1 + 1), prefix: -x, separate: false}}}, outputs: {out: stdout}}}
  - {id: join, in: {in: {source: [each/out], linkMerge: merge_flattened}}, out: [out], when: $(inputs.in.length > 0), run: "#join"}
