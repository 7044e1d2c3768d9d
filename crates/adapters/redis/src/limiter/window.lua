-- Sliding windows, version 2. The layout of the keys is part of the version: a change
-- of layout takes a new prefix (LAYOUT in keys.rs), so that two releases that run side
-- by side while one replaces the other do not read each other's counters.
--
-- All windows of a scope are one hash. A window has a field of its name: the index of
-- its newest slot, what all slots hold and what the newest holds, packed, since turning
-- numbers into text and back is most of what a script costs. The older slots are the
-- fields of the name and `0` to `60`, the index modulo 61. A call in the same slot as
-- the one before reads and writes one field a window. It says the same as
-- `SlidingWindow` of the domain at a cost that does not grow with the slots.
local RING = 61
local NAMES = { 'rm', 'rh', 'rd', 'tm', 'th', 'td' }
local SLOTS = { 1000000, 60000000, 1440000000, 1000000, 60000000, 1440000000 }
local HEAD = '<I8I8I8'

local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end

local function text(number)
  return string.format('%d', number)
end

-- The windows that were looked at, by their key and their kind.
local known = {}

-- The window of a kind as it is now, from what is stored of it. Slots that have left
-- it are forgotten, in memory only.
local function window_of(key, kind, head)
  local name, slot = NAMES[kind], SLOTS[kind]
  local current = (now - now % slot) / slot
  local window = { key = key, name = name, slot = slot, newest = current, sum = 0, value = 0, moved = true }
  window.gone, window.corrected = {}, {}
  if not head then
    return window
  end
  local newest, sum, value = struct.unpack(HEAD, head)
  if current <= newest then
    -- A clock that steps back counts into the newest slot.
    window.newest, window.sum, window.value, window.moved = newest, sum, value, false
    return window
  end
  if current - newest >= RING then
    for position = 0, RING - 1 do
      window.gone[position + 1] = name .. position
    end
    return window
  end
  for index = newest + 1, current do
    window.gone[#window.gone + 1] = name .. index % RING
  end
  local values = redis.call('HMGET', key, unpack(window.gone))
  for position = 1, #values do
    sum = sum - (tonumber(values[position]) or 0)
  end
  window.sum, window.last, window.last_value = sum, newest, value
  return window
end

local function load_windows(key, kinds)
  known[key] = known[key] or {}
  local of_key, missing, names = known[key], {}, {}
  for _, kind in ipairs(kinds) do
    if not of_key[kind] then
      missing[#missing + 1] = kind
      names[#names + 1] = NAMES[kind]
    end
  end
  if #missing > 0 then
    local heads = redis.call('HMGET', key, unpack(names))
    for position, kind in ipairs(missing) do
      of_key[kind] = window_of(key, kind, heads[position])
    end
  end
  local windows = {}
  for position, kind in ipairs(kinds) do
    windows[position] = of_key[kind]
  end
  return windows
end

local function add_to_window(window, amount)
  if amount > 0 then
    window.sum, window.value = window.sum + amount, window.value + amount
    window.changed = true
  end
end

-- Writes the windows that have changed.
local function save_windows()
  for key, windows in pairs(known) do
    local fields, gone, lifetime = {}, {}, 0
    local function keep(field, value)
      fields[#fields + 1] = field
      fields[#fields + 1] = value
    end
    for _, window in pairs(windows) do
      if window.changed then
        for _, field in ipairs(window.gone) do
          gone[#gone + 1] = field
        end
        if window.last then
          keep(window.name .. window.last % RING, text(window.last_value))
        end
        for position, value in pairs(window.corrected) do
          keep(window.name .. position, text(value))
        end
        keep(window.name, struct.pack(HEAD, window.newest, window.sum, window.value))
        if window.moved then
          lifetime = math.max(lifetime, window.slot * (RING + 1) / 1000)
        end
      end
    end
    if #gone > 0 then
      redis.call('HDEL', key, unpack(gone))
    end
    if #fields > 0 then
      redis.call('HSET', key, unpack(fields))
    end
    if lifetime > 0 and redis.call('PTTL', key) < lifetime then
      redis.call('PEXPIRE', key, text(lifetime))
    end
  end
end

-- All slots by position; those that have left the window are absent.
local function slots_of(window)
  local slots = window.slots
  if not slots then
    slots = {}
    if not window.moved or window.last then
      local names = {}
      for position = 0, RING - 1 do
        names[position + 1] = window.name .. position
      end
      local values = redis.call('HMGET', window.key, unpack(names))
      for position = 0, RING - 1 do
        slots[position] = tonumber(values[position + 1])
      end
    end
    if window.last then
      slots[window.last % RING] = window.last_value
      for index = window.last + 1, window.newest do
        slots[index % RING] = nil
      end
    end
    window.slots = slots
  end
  slots[window.newest % RING] = window.value
  return slots
end
