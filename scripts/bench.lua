-- Requests the paths in the file $PATHS in turn, with the access token $TOKEN, and prints one line separated by tabs:
-- successful responses per second, median and 99th percentile in microseconds, responses, and errors.
local requests, turn = {}, 0

function init(arguments)
    local token = os.getenv("TOKEN")
    if token and token ~= "" then
        wrk.headers["Authorization"] = "Bearer " .. token
    end
    for path in io.lines(os.getenv("PATHS")) do
        requests[#requests + 1] = wrk.format("GET", path)
    end
end

function request()
    turn = turn % #requests + 1
    return requests[turn]
end

function done(summary, latency, _)
    local errors = summary.errors
    local bad = errors.status + errors.connect + errors.read + errors.write + errors.timeout
    local good = summary.requests - errors.status
    io.write(string.format("%.1f\t%d\t%d\t%d\t%d\n", good * 1e6 / summary.duration, latency:percentile(50),
        latency:percentile(99), summary.requests, bad))
end
