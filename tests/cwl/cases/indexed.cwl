cwlVersion: v1.2
class: CommandLineTool
requirements: {InlineJavascriptRequirement: {}}
baseCommand: [sh, -c, 'for n in a b c d; do cp "$1" $n.txt; echo "$n" >$n.txt.idx; echo "of $n" >$n.dic; done; mkdir c.more; echo x >c.more/x', _]
inputs:
  text: {type: File, inputBinding: {}}
outputs:
  first: {type: File, secondaryFiles: [.idx, ^.dic, "^.more", "^.none?"], outputBinding: {glob: c.txt}}
  all: {type: "File[]", secondaryFiles: ['$(self.basename).idx'], outputBinding: {glob: "[ab].txt"}}
  pair:
    type:
      type: record
      fields:
        one: {type: File, secondaryFiles: [^.dic], outputBinding: {glob: d.txt}}
        two: {type: int, outputBinding: {outputEval: "$(2)"}}
