cwlVersion: v1.2
class: ExpressionTool
requirements: {InlineJavascriptRequirement: {}}
inputs: {text: {type: File, loadContents: true}, n: int}
outputs: {sum: int, lines: "string[]", made: File}
expression: |
  ${
    var lines = inputs.text.contents.trim().split("\n");
    return {sum: lines.length + inputs.n, lines: lines, made: {class: "File", basename: "made.txt", contents: lines[0]}};
  }
