cwlVersion: v1.2
class: CommandLineTool
requirements:
  InitialWorkDirRequirement:
    listing:
      - entryname: etc/tool.conf
        entry: |
          name = $(inputs.name)
          size = $(inputs.text.size)
      - {entryname: renamed.txt, entry: $(inputs.text), writable: true}
      - $(inputs.folder)
      - {entryname: object.json, entry: $(inputs.object)}
baseCommand: [sh, -c, 'echo more >> renamed.txt; cat etc/tool.conf object.json folder/a.txt > all.txt; test "$1" = "$PWD/renamed.txt"', _]
arguments: [$(inputs.text.path)]
inputs:
  name: string
  text: File
  folder: Directory
  object: {type: {type: record, fields: {b: int, a: string}}}
outputs:
  all: {type: File, outputBinding: {glob: all.txt}}
  changed: {type: File, outputBinding: {glob: renamed.txt}}
  folder: {type: Directory, outputBinding: {glob: folder}}
