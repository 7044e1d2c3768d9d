-- Ends a call: gives its places back and corrects the windows of tokens.
--
-- KEYS: for each scope its set of open calls, and its windows if any is corrected.
-- ARGV: the clock in microseconds (empty: that of Redis), the call, by how much its
--   tokens differ from those counted, and for each scope as bytes the number of the
--   windows that are corrected and their kinds.
-- Only a call that is still open in a scope is corrected there, so that ending it
-- twice, or ending one that Redis never saw, takes nothing from others.
local call, difference, plan = ARGV[2], tonumber(ARGV[3]), ARGV[4]

local function subtract_from_window(key, window, amount)
  local left = math.min(amount, window.sum)
  if left == 0 then
    return
  end
  window.changed, window.sum = true, window.sum - left
  -- Most calls end in the slot in which they began, or find others there.
  local taken = math.min(left, window.value)
  window.value, left = window.value - taken, left - taken
  if left == 0 then
    return
  end
  local slots = slots_of(key, window)
  window.corrected = {}
  for age = 1, RING - 1 do
    local position = (window.newest - age) % RING
    local value = slots[position] or 0
    taken = math.min(left, value)
    if taken > 0 then
      window.corrected[position] = value - taken
      left = left - taken
    end
    if left == 0 then
      return
    end
  end
end

local key, at = 1, 1
while at <= #plan do
  local open = redis.call('ZREM', KEYS[key], call) == 1
  local count = string.byte(plan, at)
  if count > 0 then
    key = key + 1
    if open then
      local windows = load_windows(KEYS[key], { string.byte(plan, at + 1, at + count) })
      for _, window in ipairs(windows) do
        if difference > 0 then
          add_to_window(window, difference)
        else
          subtract_from_window(KEYS[key], window, -difference)
        end
      end
      save_windows(KEYS[key], windows)
    end
  end
  key = key + 1
  at = at + 1 + count
end
return 1
