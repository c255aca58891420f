cwlVersion: v1.2
class: CommandLineTool
requirements:
  InplaceUpdateRequirement: {inplaceUpdate: true}
  InitialWorkDirRequirement: {listing: [{entry: $(inputs.text), writable: true}]}
baseCommand: [sed, -i, s/a/b/]
inputs:
  text: {type: File, inputBinding: {}}
outputs: {}
