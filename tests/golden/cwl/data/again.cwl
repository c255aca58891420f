cwlVersion: v1.2
class: CommandLineTool
$namespaces: {edam: "http://edamontology.org/"}
requirements: {InlineJavascriptRequirement: {}}
baseCommand: [sh, -c, 'for i in $(seq "$1"); do cat "$0"; done']
inputs:
  a-table: {type: File, format: edam:format_3752, inputBinding: {position: 1}}
  times: {type: int, inputBinding: {position: 2}}
  in: {type: string?, inputBinding: {position: 3}}
stdout: again.csv
outputs:
  as-csv: {type: stdout, format: edam:format_3752}
  n-lines: {type: int, outputBinding: {glob: again.csv, loadContents: true, outputEval: "$(self[0].contents.split('\n').length)"}}
