cwlVersion: v1.2
class: CommandLineTool
baseCommand: [sh, -c, 'echo text > made; printf "{\"n\": 3, \"f\": {\"class\": \"File\", \"path\": \"made\"}, \"list\": [1.5, 2]}"']
inputs: []
outputs: {n: int, f: File, list: "double[]"}
stdout: cwl.output.json
