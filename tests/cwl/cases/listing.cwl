cwlVersion: v1.2
class: CommandLineTool
requirements: {InlineJavascriptRequirement: {}}
baseCommand: echo
arguments: ["$(inputs.folder.listing.map(function(x) { return x.basename; }).sort().join(' '))"]
inputs: {folder: {type: Directory, loadListing: shallow_listing}}
outputs: {out: stdout}
stdout: listing.txt
