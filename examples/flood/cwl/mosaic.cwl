cwlVersion: v1.2
class: CommandLineTool
label: Puts masks of tiles together to one map
baseCommand: [mosaic, --out, map.tif]
requirements:
  ResourceRequirement:
    coresMin: 1
    ramMin: 2048
  ToolTimeLimit:
    timelimit: 600
inputs:
  parts:
    type: File[]
    format: http://www.opengis.net/spec/GeoTIFF/1.1
    inputBinding:
      position: 1
outputs:
  out:
    type: File
    format: http://www.opengis.net/spec/GeoTIFF/1.1
    outputBinding:
      glob: map.tif
