-- Admits and ends calls of one account, one after the other. What several of them look
-- at is read once and written once.
--
-- KEYS: for each step in turn, for each of its scopes: to admit, its windows, if any of
--   it limits, and its set of open calls, if it keeps one; to end, its set of open calls,
--   and its windows, if any is corrected.
-- ARGV: the clock in microseconds (empty: that of Redis), and the steps. A step is
--   packed: what is to be done (1: admit, 2: end), the call, and a plan.
-- Answers an answer for each step.
local LAPSE_SECS = 3600
local ADMIT = 1
local key = 0

local function next_key()
  key = key + 1
  return KEYS[key]
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

-- The scopes of a call, and the first window or set of those that refuse it longest.
--
-- The plan: the tokens and the number of scopes; for each scope the number of its
-- windows, whether it keeps its open calls (1) and limits them (2), and to how many; for
-- each window its kind and its limit. Ordinals count all windows first, then all sets.
local function look_at(plan, at)
  local tokens, scope_count
  tokens, scope_count, at = struct.unpack('<I8I1', plan, at)
  local scopes, ordinal, refused_by, longest = {}, 0, 0, -1
  local function refuse(wait)
    if wait > longest then
      refused_by, longest = ordinal, wait
    end
  end
  for number = 1, scope_count do
    local count, keeps, at_once
    count, keeps, at_once, at = struct.unpack('<I1I1I8', plan, at)
    local scope, kinds, limits = { windows = {} }, {}, {}
    for position = 1, count do
      kinds[position], limits[position], at = struct.unpack('<I1I8', plan, at)
    end
    if count > 0 then
      scope.windows = load_windows(next_key(), kinds)
    end
    scope.amounts = {}
    for position, window in ipairs(scope.windows) do
      local limit, need = limits[position], 1
      scope.amounts[position] = 1
      if kinds[position] > 3 then
        -- More tokens than a window holds at all need it to be empty.
        scope.amounts[position], need = tokens, math.min(tokens, limit)
      end
      ordinal = ordinal + 1
      if window.sum + need > limit then
        refuse(wait_for(window, need, limit))
      end
    end
    if keeps > 0 then
      scope.open = next_key()
      scope.at_once = keeps == 2 and at_once
    end
    scopes[number] = scope
  end
  for _, scope in ipairs(scopes) do
    if scope.open then
      ordinal = ordinal + 1
      if scope.at_once and redis.call('ZCARD', scope.open) >= scope.at_once then
        redis.call('ZREMRANGEBYSCORE', scope.open, '-inf', text(now))
        if redis.call('ZCARD', scope.open) >= scope.at_once then
          refuse(1000000)
        end
      end
    end
  end
  return scopes, refused_by, longest
end

local cleared = {}

-- Remembers that a call is open.
local function keep_open(scope, call)
  local moved = #scope.windows == 0
  for _, window in ipairs(scope.windows) do
    moved = moved or window.moved
  end
  redis.call('ZADD', scope.open, text(now + LAPSE_SECS * 1000000), call)
  -- Otherwise a call in the same slot has cleared up already. No slot is longer than
  -- 24 minutes, so the key lives long enough.
  if moved and not cleared[scope.open] then
    cleared[scope.open] = true
    redis.call('ZREMRANGEBYSCORE', scope.open, '-inf', text(now))
    redis.call('EXPIRE', scope.open, 2 * LAPSE_SECS)
  end
end

-- Admits a call into every window and every place of every scope, or into none. Answers
-- {1, now, sum and newest slot of each window}, or {0, the ordinal of the window or set
-- that refuses longest, microseconds to wait}.
local function admit(call, plan, at)
  local scopes, refused_by, longest = look_at(plan, at)
  if refused_by > 0 then
    return { 0, refused_by, longest }
  end
  local answer = { 1, now }
  for _, scope in ipairs(scopes) do
    for position, window in ipairs(scope.windows) do
      add_to_window(window, scope.amounts[position])
      answer[#answer + 1] = window.sum
      answer[#answer + 1] = window.newest
    end
    if scope.open then
      keep_open(scope, call)
    end
  end
  return answer
end

local function subtract_from_window(window, amount)
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
  local slots = slots_of(window)
  for age = 1, RING - 1 do
    local position = (window.newest - age) % RING
    local value = slots[position] or 0
    taken = math.min(left, value)
    if taken > 0 then
      slots[position] = value - taken
      window.corrected[position] = value - taken
      left = left - taken
    end
    if left == 0 then
      return
    end
  end
end

-- Ends a call: gives its places back and corrects the windows of tokens. Only a call
-- that is still open in a scope is corrected there, so that ending it twice, or ending
-- one that Redis never saw, takes nothing from others. Answers nothing.
--
-- The plan: by how much its tokens differ from those counted, and for each scope the
-- number of the windows that are corrected and their kinds.
local function leave(call, plan, at)
  local difference
  difference, at = struct.unpack('<i8', plan, at)
  while at <= #plan do
    local open = redis.call('ZREM', next_key(), call) == 1
    local count = string.byte(plan, at)
    if count > 0 then
      local windows_key = next_key()
      if open then
        local windows = load_windows(windows_key, { string.byte(plan, at + 1, at + count) })
        for _, window in ipairs(windows) do
          if difference > 0 then
            add_to_window(window, difference)
          else
            subtract_from_window(window, -difference)
          end
        end
      end
    end
    at = at + 1 + count
  end
  return {}
end

local answers = {}
for number = 2, #ARGV do
  local step = ARGV[number]
  local what, call, at = struct.unpack('<I1c16', step)
  answers[number - 1] = (what == ADMIT and admit or leave)(call, step, at)
end
save_windows()
return answers
