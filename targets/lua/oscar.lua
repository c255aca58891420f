-- OSCAR: a function definition file, and a script for each function. Facts: docs of grycap/oscar, FDL and services.
-- A function wakes when a file arrives in its bucket, works in a container, and leaves files in $TMP_OUTPUT_DIR.

local NAME_MAX = 39

local function things(role, kind)
  local found = {}
  for _, t in ipairs(plan.things) do
    if t.role == role and (not kind or t.kind == kind) then found[#found + 1] = t end
  end
  return found
end

local clusters = {}
for _, t in ipairs(things("infra", "oscar.cluster")) do clusters[t.name] = t end

local NOTHING = "no step runs on a cluster of OSCAR"
if not next(clusters) and not plan.kinds["oscar.function"] then
  note(NOTHING)
  return
end

local function cluster_at(place)
  return place and clusters[place:match("^[^.]+")]
end

-- Steps that a call puts on a cluster.
local called_at = {}
for _, w in ipairs(plan.workflows) do
  for _, c in ipairs(w.calls) do
    if cluster_at(c.place) then called_at[c.step] = cluster_at(c.place) end
  end
end

-- Steps that are functions, and those that they or a call of them put on a cluster of OSCAR.
local function cluster_of(step)
  local there = cluster_at(step.place) or called_at[step.name]
  if there then return there end
  if step.kind == "oscar.function" then return things("infra", "oscar.cluster")[1] or false end
end

local taken = {}

-- Small letters, digits and dashes, 39 at most; never two alike.
local function service_name(step)
  local wanted = step.extra and step.extra.service
  local name = wanted or step.name:lower():gsub("[^a-z0-9]+", "-"):gsub("^%-+", ""):gsub("%-+$", "")
  if #name > NAME_MAX then
    local sum = 5381
    for i = 1, #step.name do sum = (sum * 33 + step.name:byte(i)) % 16777216 end
    name = name:sub(1, NAME_MAX - 7):gsub("%-+$", "") .. string.format("-%06x", sum)
  end
  if taken[name] then
    row(step, "refused", "it would be called `" .. name .. "`, as `" .. taken[name] .. "` is: give one of them a `service` name")
    return nil
  end
  taken[name] = step.name
  return name
end

-- 4294967296 as "4Gi".
local function memory(bytes)
  if bytes % 1073741824 == 0 then return string.format("%dGi", bytes // 1073741824) end
  return string.format("%dMi", math.ceil(bytes / 1048576))
end

-- -- scripts ---------------------------------------------------------------------------------------------------------

local function field(list, name)
  for _, f in ipairs(list) do if f.name == name then return f end end
end

-- The one list of files among the inputs: the script has one list of words of its own.
local function only_list(step)
  local found
  for _, i in ipairs(step.inputs) do
    if i.list and i.file then
      if found then return nil end
      found = i
    end
  end
  return found
end

-- One word, or the words of a list of files.
local function word(step, part)
  if part.text then return sh(part.text) end
  if part.output then
    local o = field(step.outputs, part.output)
    return o.path and sh(o.path)
  end
  if part.input then
    local i = field(step.inputs, part.input)
    if i.list and i == only_list(step) then return '"$@"' end
    if i.list then return nil, i.file and "two lists of files: a script has room for one, give them as folders" or "a list of values: a variable of the environment holds one" end
    if i.optional then return '${in_' .. i.name .. ':+"$in_' .. i.name .. '"}' end
    return '"$in_' .. part.input .. '"'
  end
  if part.asset then return nil, "an asset: put it into the image" end
  return nil, "`" .. (part.other or "this") .. "` in its command"
end

local function command(step)
  local out = {}
  for _, part in ipairs(step.script or step.argv) do
    if part.verbatim then
      out[#out + 1] = part.text
    else
      local w, why = word(step, part)
      if not w then return nil, why end
      out[#out + 1] = w
    end
  end
  return table.concat(out, step.argv and " " or "")
end

local function inputs_of(step)
  local files, values = {}, {}
  for _, i in ipairs(step.inputs) do
    if i.file then files[#files + 1] = i else values[#values + 1] = i end
  end
  return files, values
end

-- Where each input is: the file that came, or a folder of the archive that came.
local function unpack_lines(step, files)
  if #files == 0 then return "" end
  if #files == 1 and not files[1].folder and not files[1].list then
    return "in_" .. files[1].name .. "=$INPUT_FILE_PATH\n"
  end
  local out = { "# Its inputs come as one archive: a folder for each, called like it.\nmkdir in\ntar -xf \"$INPUT_FILE_PATH\" -C in\n" }
  for _, i in ipairs(files) do
    if i.list then
      out[#out + 1] = "set -- \"$PWD/in/" .. i.name .. "\"/*\n[ -e \"$1\" ] || set --\n"
    else
      out[#out + 1] = "in_" .. i.name .. "=$(find \"$PWD/in/" .. i.name .. "\" -mindepth 1 -maxdepth 1 | head -n 1)\n"
    end
  end
  return table.concat(out)
end

local function script(step, text)
  local files, values = inputs_of(step)
  local out = { "#!/bin/", step.shell, "\n# ", place(step), ": step ", step.name, "\n" }
  if step.doc then out[#out + 1] = "# " .. step.doc:gsub("\n", "\n# ") .. "\n" end
  out[#out + 1] = step.shell == "bash" and "set -euo pipefail\n" or "set -eu\n"
  out[#out + 1] = "cd \"$(mktemp -d)\"\n" .. unpack_lines(step, files)
  for _, v in ipairs(values) do
    out[#out + 1] = "in_" .. v.name .. "=${" .. v.name:upper() .. (v.optional and "-" or "?") .. "}\n"
  end
  out[#out + 1] = "\n" .. text:gsub("\n*$", "") .. "\n\n"
  for _, o in ipairs(step.outputs) do
    local from = o.glob and o.path:gsub("[^A-Za-z0-9_./*?%[%]-]", "\\%0") or sh("./" .. o.path)
    out[#out + 1] = "cp -R " .. from .. " \"$TMP_OUTPUT_DIR/\"\n"
  end
  if step.metrics then out[#out + 1] = "cp " .. sh("./" .. step.metrics) .. " \"$TMP_OUTPUT_DIR/\"\n" end
  return table.concat(out)
end

-- -- services ----------------------------------------------------------------------------------------------------------

local function environment(step)
  local _, values = inputs_of(step)
  local variables, secrets, open = {}, {}, {}
  for _, v in ipairs(values) do
    if v.default ~= nil and type(v.default) ~= "table" then
      variables[#variables + 1] = v.name:upper()
      variables[#variables + 1] = tostring(v.default)
    elseif not v.optional then
      open[#open + 1] = v.name:upper()
    end
  end
  for _, e in ipairs(step.env) do
    if e.secret then
      secrets[#secrets + 1] = e.name
      secrets[#secrets + 1] = "" -- its value is given to the cluster, never here
    elseif e.value then
      variables[#variables + 1] = e.name
      variables[#variables + 1] = e.value
    elseif e.open then
      open[#open + 1] = e.name
    end
  end
  local both = map("variables", #variables > 0 and map(table.unpack(variables)) or nil, "secrets", #secrets > 0 and map(table.unpack(secrets)) or nil)
  return next(both) and both or nil, open
end

local function service(step, name)
  local extra = step.extra or {}
  local variables, open = environment(step)
  local storage = "minio.default"
  return from(step, map(
    "name", name,
    "cpu", step.cpus and string.format("%.1f", step.cpus) or nil,
    "memory", step.memory and memory(math.ceil(step.memory)) or nil,
    "enable_gpu", step.gpus and step.gpus > 0 or nil,
    "image", step.container,
    "script", "scripts/" .. name .. ".sh",
    "log_level", extra.log_level,
    "interlink_node_name", extra.virtual_node,
    "environment", variables,
    "input", list { map("storage_provider", storage, "path", name .. "/input") },
    "output", list { map("storage_provider", storage, "path", name .. "/output") }
  )), open
end

local function tell(step, open)
  local files = inputs_of(step)
  local said = {}
  if #files > 1 or (files[1] and (files[1].folder or files[1].list)) then said[#said + 1] = "its inputs come as one archive, a folder for each" end
  if #open > 0 then said[#said + 1] = "set " .. table.concat(open, ", ") .. " in its environment" end
  if step.attempts > 1 then said[#said + 1] = "OSCAR does not try again" end
  if step.workers > 1 then said[#said + 1] = "it is one task, not " .. step.workers .. " workers" end
  row(step, #said > 0 and "emulated" or "supported", #said > 0 and table.concat(said, "; ") or nil)
end

local function obstacle(step)
  if step.kind:match("^cwl%.") then return "it is a document of CWL, which OSCAR does not run" end
  if not step.container then return "a function runs in a container, and it has none" end
  if not step.script and not step.argv then return "it has no command" end
  for _, o in ipairs(step.outputs) do
    if not o.path then return "where its output `" .. o.name .. "` lies is known in a run only" end
  end
end

local services = {}
for step in each(plan.steps) do
  local cluster = cluster_of(step)
  if cluster == false then
    row(step, "refused", "there is no cluster of OSCAR in the twin")
  elseif cluster then
    local why, text = obstacle(step), nil
    if not why then
      text, why = command(step)
      if not text and why:match("^`") then why = why .. " is known in a run only, or is no word" end
    end
    if why then
      row(step, "refused", why)
    else
      local name = service_name(step)
      if name then
        local id = step.extra and step.extra.cluster or "oscar-cluster"
        local one, open = service(step, name)
        services[#services + 1] = map(id, one)
        file("scripts/" .. name .. ".sh", step, script(step, text), true)
        tell(step, open)
      end
    end
  end
end

if #services == 0 then
  note(NOTHING)
else
  local whole = plan.workflows[1] or plan.steps[1]
  document("functions.yaml", whole, comment("Functions of the twin " .. plan.twin .. ": oscar-cli apply functions.yaml", map("functions", map("oscar", list(services)))))
end
