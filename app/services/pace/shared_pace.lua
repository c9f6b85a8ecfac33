-- The pace of calls of one key and model, shared by all workers; see shared_pace.py.
--
-- KEYS  1 hash: the pace    2 hash: the connection's quota    3 sorted set: runs that take part
-- ARGV  1 run   2 started   3 started before it knew of the newest episode   4 answered
--       5 refused   6 seconds to wait that the provider asked for, or -1   7 turns wanted
--       8 requests per minute allowed, or 0   9 rate known to it, or 0   10 episode known to it
--       11 the constants of app/engine/run/pace_law.py as a JSON object
-- Returns integers: rate in thousandths per second or -1, episode, microseconds of pause left,
--       runs taking part, microseconds until asking again, then one delay in microseconds per turn.

local LAW = cjson.decode(ARGV[11])
local WINDOW_S, IDLE_S, RUN_S, KEEP_S = 20.0, 10.0, 10.0, 600
local AHEAD_S, ASK_S, LONGEST_ASK_S = 0.25, 0.125, 0.5

local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1e6
local run, started, earlier = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local answered, refused = tonumber(ARGV[4]), tonumber(ARGV[5])
local asked_s, wanted = tonumber(ARGV[6]), tonumber(ARGV[7])
local per_minute, hint = tonumber(ARGV[8]), tonumber(ARGV[9])
local known = tonumber(ARGV[10])

local kept = redis.call('HMGET', KEYS[1], 'rate', 'episode', 'episode_at', 'resume_at', 'next_at',
  'window_at', 'calls', 'before_calls', 'before_s', 'before_rate', 'searching', 'seen_at',
  'before_started')
local function number(index, otherwise)
  return tonumber(kept[index] or '') or otherwise
end
local is_new = not kept[12]
local rate = number(1, is_new and hint or 0) -- 0: calls are not paced
local episode, episode_at = number(2, 0), number(3, 0)
local resume_at, next_at = number(4, 0), number(5, 0)
local window_at, calls = number(6, now), number(7, 0)
local before = {calls = number(8, 0), seconds = number(9, 1), rate = number(10, 0),
  started = number(13, 0)}
local searching, seen_at = number(11, 0), number(12, now)

-- The window: what was started since the last episode, or lately.

if now - seen_at > IDLE_S then
  window_at, calls = now, 0
elseif now - window_at > WINDOW_S then
  calls = calls * (WINDOW_S / 2) / (now - window_at)
  window_at = now - WINDOW_S / 2
end
local in_episode = now < math.max(resume_at, episode_at + LAW.episode_s)
if known ~= episode then
  started, earlier = 0, earlier + started
end
calls = calls + started
if in_episode then
  before.calls, before.started = before.calls + earlier, before.started + earlier
else
  calls = calls + earlier
end

-- Refusals: all of an episode correct the same cut.

local function cut()
  local accepted = before.calls / before.seconds * LAW.below_accepted
  if before.rate == 0 then
    return math.max(LAW.least_at_first_per_s, accepted)
  end
  accepted = math.min(accepted, before.rate * LAW.below_accepted)
  -- The first calls after a pause are refused where refusals are charged: that says little.
  local most = before.started < LAW.few_calls and LAW.below_accepted or LAW.most_cut
  return math.max(LAW.least_per_s, accepted, before.rate * most)
end
if refused > 0 and not in_episode then
  before = {calls = calls, seconds = math.max(LAW.episode_s, now - window_at), rate = rate,
    started = calls}
  searching = rate == 0 and 1 or 0
  calls, window_at = 0, now
  episode, episode_at, next_at = episode + 1, now, now
end
if refused > 0 then
  local pause_s = asked_s >= 0 and math.min(asked_s, LAW.longest_pause_s) or LAW.default_pause_s
  resume_at = math.max(resume_at, now + pause_s)
  before.calls = before.calls - refused
end
if refused > 0 or (in_episode and earlier > 0) then
  rate = cut()
end

-- Answers raise the rate, as long as it is what holds calls back.

local active_s = now - math.max(window_at, resume_at)
local demand = active_s > 2 and calls / active_s or rate
if rate > 0 and answered > 0 and not in_episode and rate < 2 * demand then
  local growth = math.max(LAW.growth, LAW.growth_share * rate)
  if searching == 1 then
    growth = LAW.search_growth
  else
    local recovers = rate < before.calls / before.seconds -- so much was accepted
    local calm = math.min(((now - episode_at) / LAW.calm_s) ^ 2, LAW.calm_most_factor)
    growth = growth * math.max(recovers and LAW.recovery_factor or 1, calm)
  end
  rate = rate + growth * answered
end
if rate > 2 * demand and now - episode_at > LAW.release_s and refused == 0 then
  rate = 0
end

redis.call('ZADD', KEYS[3], now + RUN_S, run)
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
redis.call('EXPIRE', KEYS[3], KEEP_S)
local runs = redis.call('ZCARD', KEYS[3])

-- Turns: calls start evenly, a little ahead of time so that runs ask for several at once.

local quota_at = per_minute > 0 and tonumber(redis.call('HGET', KEYS[2], 'next_at') or '') or 0
local per_s = math.min(rate > 0 and rate or math.huge,
  per_minute > 0 and per_minute / 60 or math.huge)
local most, turns = wanted, {}
if (runs > 1 and rate > 0) or per_minute > 0 then -- who asks leaves as much to the others
  local free_s = now + AHEAD_S - math.max(now, resume_at, next_at, quota_at)
  most = math.min(wanted, math.max(1, math.ceil(free_s * per_s / 2)))
end
if per_s < math.huge then
  while #turns < most do
    local turn_at = math.max(now, resume_at, next_at, quota_at)
    if turn_at > now + AHEAD_S then
      break
    end
    turns[#turns + 1] = math.floor((turn_at - now) * 1e6)
    next_at = rate > 0 and turn_at + 1 / rate or next_at
    quota_at = per_minute > 0 and turn_at + 60 / per_minute or quota_at
  end
end
local ask_s, last_s = 0, math.max(resume_at, next_at, quota_at) - now
if #turns < wanted or last_s > ASK_S then
  ask_s = last_s - AHEAD_S
  ask_s = math.min(math.max(ask_s, ASK_S), LONGEST_ASK_S)
end

redis.call('HSET', KEYS[1], 'rate', rate, 'episode', episode, 'episode_at', episode_at,
  'resume_at', resume_at, 'next_at', next_at, 'window_at', window_at, 'calls', calls,
  'before_calls', before.calls, 'before_s', before.seconds, 'before_rate', before.rate,
  'before_started', before.started, 'searching', searching, 'seen_at', now)
redis.call('EXPIRE', KEYS[1], KEEP_S)
if per_minute > 0 then
  redis.call('HSET', KEYS[2], 'next_at', quota_at)
  redis.call('EXPIRE', KEYS[2], KEEP_S)
end

local answer = {rate > 0 and math.floor(rate * 1000) or -1, episode,
  math.floor(math.max(0, resume_at - now) * 1e6), runs, math.floor(ask_s * 1e6)}
for index = 1, #turns do
  answer[#answer + 1] = turns[index]
end
return answer
