cwlVersion: v1.2
class: CommandLineTool
requirements:
  InlineJavascriptRequirement:
    expressionLib:
      - "function twice(x) { return 2 * x; }"
      - $include: library.js
baseCommand: echo
arguments:
  - $(twice(inputs.n))
  - ${ return label(inputs.n) + "!"; }
  - "between $(inputs.n + 1) and $(inputs.n - 1)"
inputs: {n: {type: int, default: 4}}
outputs:
  text: stdout
  words: {type: int, outputBinding: {glob: out.txt, loadContents: true, outputEval: "$(self[0].contents.split(' ').length)"}}
  object:
    type: {type: record, fields: {n: int, list: "string[]"}}
    outputBinding: {outputEval: "${ return {n: inputs.n, list: ['a', 'b']}; }"}
stdout: out.txt
