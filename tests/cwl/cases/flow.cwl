cwlVersion: v1.2
class: Workflow
requirements: {ScatterFeatureRequirement: {}, StepInputExpressionRequirement: {}, InlineJavascriptRequirement: {}, SubworkflowFeatureRequirement: {}}
inputs:
  texts: File[]
  one: File
  again: {type: boolean, default: false}
outputs:
  all: {type: "File[]", outputSource: upper/out}
  sum: {type: int, outputSource: add/sum}
  none: {type: File?, outputSource: perhaps/out}
steps:
  upper: {run: streams.cwl, scatter: text, in: {text: texts}, out: [out]}
  add: {run: expression.cwl, in: {text: one, n: {default: 4}}, out: [sum]}
  perhaps: {run: streams.cwl, when: $(inputs.again), in: {text: one, again: again}, out: [out]}
