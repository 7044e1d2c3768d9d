-- Ends a call: gives its places back and corrects the windows of tokens.
--
-- KEYS: for each scope its set of open calls, then its windows of tokens.
-- ARGV: the clock in microseconds (empty: that of Redis), the call, by how much its
--   tokens differ from those counted; for each scope the number of its windows, then
--   the microseconds of a slot of each.
-- Only a call that is still open in a scope is corrected there, so that ending it
-- twice, or ending one that Redis never saw, takes nothing from others.
local call, difference = ARGV[2], tonumber(ARGV[3])

local function subtract_from_window(window, amount)
  local left = math.min(amount, window.sum)
  if left == 0 then
    return
  end
  if window.value >= left then
    -- Most calls end in the slot in which they began, or find others there.
    add_to_window(window, -left)
    return
  end
  local slots = slots_of(window)
  forget_gone(window)
  local changed = { 'newest', window.newest, 'sum', window.sum - left }
  for age = 0, RING - 1 do
    local position = (window.newest - age) % RING
    local value = slots[position] or 0
    local taken = math.min(left, value)
    if taken > 0 then
      changed[#changed + 1] = position
      changed[#changed + 1] = value - taken
      left = left - taken
    end
    if left == 0 then
      break
    end
  end
  redis.call('HSET', window.key, unpack(changed))
  redis.call('PEXPIRE', window.key, window.slot * (RING + 1) / 1000)
end

local key, argument = 1, 4
while key <= #KEYS do
  local open = redis.call('ZREM', KEYS[key], call) == 1
  local count = tonumber(ARGV[argument])
  for ordinal = 1, count do
    if open and difference ~= 0 then
      local window = load_window(KEYS[key + ordinal], tonumber(ARGV[argument + ordinal]))
      if difference > 0 then
        add_to_window(window, difference)
      else
        subtract_from_window(window, -difference)
      end
    end
  end
  key = key + 1 + count
  argument = argument + 1 + count
end
return 1
