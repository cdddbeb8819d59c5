-- Run by wrk for every measurement: wrk ... -s wrk.lua URL -- REQUEST IDS THREADS
--
-- REQUEST holds the bytes of one HTTP request, in which %ID% stands for an id, and IDS the ids, one a line. Every
-- thread takes its own slice of them, so that no two requests name the same one until all have had their turn.

local threads = 0

function setup(thread)
    thread:set("slot", threads)
    threads = threads + 1
end

local before, after
local ids = {}
local turn = 0

-- Says once what a refusal says. Looking at responses costs time, so only where there are few a second.
local function explain(status, headers, body)
    if status >= 400 and not explained then
        explained = true
        io.stderr:write(string.format("refused with %d: %s\n", status, body))
    end
end

function init(args)
    local file = assert(io.open(args[1], "rb"))
    local text = file:read("*a")
    file:close()
    if text:sub(1, 4) == "POST" then
        response = explain
    end
    local from, to = text:find("%ID%", 1, true)
    if not from then
        before = text
        return
    end
    before, after = text:sub(1, from - 1), text:sub(to + 1)
    local count, line = tonumber(args[3]), 0
    for id in io.lines(args[2]) do
        if line % count == slot then
            ids[#ids + 1] = id
        end
        line = line + 1
    end
end

function request()
    if not after then
        return before
    end
    turn = turn % #ids + 1
    return before .. ids[turn] .. after
end

function done(summary, latency, requests)
    local errors = summary.errors
    io.write(string.format(
        'RESULT {"requests": %d, "seconds": %.6f, "p50_ms": %.4f, "p99_ms": %.4f, "refused": %d, "broken": %d}\n',
        summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
        errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
