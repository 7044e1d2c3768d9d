-- Admits a call into every window and every place of every scope, or into none.
--
-- KEYS: the windows, then one set of open calls for each scope that keeps one.
-- ARGV: the clock in microseconds (empty: that of Redis), the call, the number of
--   windows; for each window the need, the amount, the limit, the microseconds of a
--   slot and the ordinal of its scope's set (0 if it keeps none); for each set the
--   limit of calls at the same time (-1 if there is none).
-- Answers {1, now, sum and newest slot of each window}, or {0, the ordinal of the
--   window or set that refuses longest, microseconds to wait}.
local LAPSE_SECS = 3600
local call, window_count = ARGV[2], tonumber(ARGV[3])
local next_argument = 4

local function argument()
  local value = tonumber(ARGV[next_argument])
  next_argument = next_argument + 1
  return value
end

-- How long until the need fits; the whole window where it never does.
local function wait_for(window, need, limit)
  local slots, count = slots_of(window), window.sum
  for age = RING - 1, 0, -1 do
    local index = window.newest - age
    count = count - (slots[index % RING] or 0)
    if count + need <= limit then
      return (index + RING) * window.slot - now
    end
  end
  return window.slot * (RING - 1)
end

local refused_by, longest = 0, -1
local function refuse(ordinal, wait)
  if wait > longest then
    refused_by, longest = ordinal, wait
  end
end

local windows, amounts, moved = {}, {}, {}
for ordinal = 1, window_count do
  local need, amount, limit, slot, set = argument(), argument(), argument(), argument(), argument()
  local window = load_window(KEYS[ordinal], slot)
  windows[ordinal], amounts[ordinal] = window, amount
  moved[set] = moved[set] or window.fresh ~= nil or window.gone ~= nil
  if window.sum + need > limit then
    refuse(ordinal, wait_for(window, need, limit))
  end
end

for ordinal = window_count + 1, #KEYS do
  local limit = argument()
  if limit >= 0 and redis.call('ZCARD', KEYS[ordinal]) >= limit then
    redis.call('ZREMRANGEBYSCORE', KEYS[ordinal], '-inf', now)
    if redis.call('ZCARD', KEYS[ordinal]) >= limit then
      refuse(ordinal, 1000000)
    end
  end
end

if refused_by > 0 then
  return { 0, refused_by, longest }
end

local answer = { 1, now }
for ordinal, window in ipairs(windows) do
  add_to_window(window, amounts[ordinal])
  answer[#answer + 1] = window.sum
  answer[#answer + 1] = window.newest
end
for ordinal = window_count + 1, #KEYS do
  redis.call('ZADD', KEYS[ordinal], now + LAPSE_SECS * 1000000, call)
  local set = ordinal - window_count
  -- Otherwise a call in the same slot has cleared up already. No slot is longer than
  -- 24 minutes, so the key lives long enough.
  if moved[set] == nil or moved[set] then
    redis.call('ZREMRANGEBYSCORE', KEYS[ordinal], '-inf', now)
    redis.call('EXPIRE', KEYS[ordinal], 2 * LAPSE_SECS)
  end
end
return answer
