-- Sliding windows, version 1. The layout of the keys is part of the version: a change
-- of layout takes a new prefix (LAYOUT in keys.rs), so that two releases that run side
-- by side while one replaces the other do not read each other's counters.
--
-- A window is a hash: `newest` is the index of its newest slot, `sum` what all slots
-- hold, and `0` to `60` are the slots by index modulo 61. It says the same as
-- `SlidingWindow` of the domain at a cost that does not grow with the slots.
local RING = 61

local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end

-- Reads a window and forgets the slots that have left it, in memory only.
local function load_window(key, slot)
  local current = (now - now % slot) / slot
  local state = redis.call('HMGET', key, 'newest', 'sum', current % RING)
  local newest = tonumber(state[1])
  if not newest or current - newest >= RING then
    return { key = key, slot = slot, newest = current, sum = 0, value = 0, fresh = true }
  end
  local sum = tonumber(state[2])
  if current == newest then
    return { key = key, slot = slot, newest = newest, sum = sum, value = tonumber(state[3]) or 0 }
  end
  if current < newest then
    -- A clock that steps back counts into the newest slot.
    local value = tonumber(redis.call('HGET', key, newest % RING)) or 0
    return { key = key, slot = slot, newest = newest, sum = sum, value = value }
  end
  local gone = {}
  for index = newest + 1, current do
    gone[#gone + 1] = index % RING
  end
  local values = redis.call('HMGET', key, unpack(gone))
  for position = 1, #gone do
    sum = sum - (tonumber(values[position]) or 0)
  end
  return { key = key, slot = slot, newest = current, sum = sum, value = 0, gone = gone }
end

-- Makes the forgetting of `load_window` last.
local function forget_gone(window)
  if window.fresh then
    redis.call('DEL', window.key)
  elseif window.gone then
    redis.call('HDEL', window.key, unpack(window.gone))
  end
end

local function add_to_window(window, amount)
  if amount == 0 then
    return
  end
  forget_gone(window)
  window.sum = window.sum + amount
  window.value = window.value + amount
  redis.call('HSET', window.key, 'newest', window.newest, 'sum', window.sum,
    window.newest % RING, window.value)
  if window.fresh or window.gone then
    redis.call('PEXPIRE', window.key, window.slot * (RING + 1) / 1000)
  end
end

-- All slots by position; those that have left the window are absent.
local function slots_of(window)
  local slots = {}
  if window.fresh then
    return slots
  end
  local fields = redis.call('HGETALL', window.key)
  for at = 1, #fields, 2 do
    local position = tonumber(fields[at])
    if position then
      slots[position] = tonumber(fields[at + 1])
    end
  end
  for _, position in ipairs(window.gone or {}) do
    slots[position] = nil
  end
  return slots
end
