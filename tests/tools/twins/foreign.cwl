cwlVersion: v1.2
$namespaces: {edam: "http://edamontology.org/"}
$graph:
  - id: repeat-lines
    class: CommandLineTool
    requirements: {InlineJavascriptRequirement: {}}
    baseCommand: [sh, -c, 'i=0; while [ "$i" -lt "$1" ]; do cat "$0"; i=$((i + 1)); done; echo "$2 $3"']
    inputs:
      the-table: {type: File, format: edam:format_3752, inputBinding: {position: 1}}
      times: {type: int, inputBinding: {position: 2}}
      factor: {type: float, default: 1.5, inputBinding: {position: 3}}
      in: {type: string, default: word, inputBinding: {position: 4}}
    stdout: repeated.csv
    outputs:
      as-csv: {type: stdout, format: edam:format_3752}
      n-lines:
        type: int
        outputBinding: {glob: repeated.csv, loadContents: true, outputEval: "$(self[0].contents.split('\\n').length - 1)"}
  - id: both
    class: Workflow
    requirements: {ScatterFeatureRequirement: {}, InlineJavascriptRequirement: {}, MultipleInputFeatureRequirement: {}}
    inputs:
      tables: {type: "File[]", format: edam:format_3752}
      times: int
    steps:
      each: {run: "#repeat-lines", scatter: the-table, in: {the-table: tables, times: times}, out: [as-csv, n-lines]}
      sum:
        run:
          class: ExpressionTool
          inputs: {counts: "int[]"}
          outputs: {total: int}
          expression: '${ return {total: inputs.counts.reduce(function (a, b) { return a + b; }, 0)}; }'
        in: {counts: each/n-lines}
        out: [total]
    outputs:
      total: {type: int, outputSource: sum/total}
      copies: {type: "File[]", outputSource: each/as-csv}
