cwlVersion: v1.2
class: CommandLineTool
doc: Each way for a value to stand on a command line.
requirements:
  SchemaDefRequirement:
    types:
      - name: stage
        type: record
        fields:
          - {name: kind, type: string, inputBinding: {position: 2, prefix: --kind}}
          - {name: deep, type: int?, inputBinding: {position: 1, prefix: --deep=, separate: false}}
baseCommand: [printf, '%s\n']
arguments:
  - first
  - {position: 9, valueFrom: last}
  - {position: -1, prefix: -x, valueFrom: $(inputs.word)}
inputs:
  word: {type: string, inputBinding: {position: 5, prefix: --word=, separate: false}}
  plain: {type: string, inputBinding: {}}
  yes: {type: boolean, inputBinding: {position: 3, prefix: --yes}}
  no: {type: boolean, inputBinding: {position: 3, prefix: --no}}
  absent: {type: int?, inputBinding: {position: 3, prefix: --absent}}
  number: {type: double, inputBinding: {position: 4, prefix: -n}}
  joined: {type: "int[]", inputBinding: {position: 6, prefix: -j, itemSeparator: ","}}
  once: {type: "string[]", inputBinding: {position: 7, prefix: -o}}
  each:
    type: {type: array, items: string, inputBinding: {prefix: -e}}
    inputBinding: {position: 8}
  stages: {type: "stage[]", inputBinding: {position: 2}}
  empty: {type: "string[]", inputBinding: {prefix: --empty}}
  choice: {type: {type: enum, symbols: [fast, exact]}, inputBinding: {position: 6, prefix: --choice}}
  fixed: {type: int, default: 7, inputBinding: {position: 6, prefix: --fixed, valueFrom: constant}}
outputs:
  text: stdout
stdout: words.txt
