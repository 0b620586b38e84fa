-- Plays the part of Jitsi's mod_muc_end_meeting in a Prosody that a test starts: the same route, the same requirements for
-- the token, the same responses. Signatures are checked with luaossl, as Jitsi does.
--
-- Options: end_meeting_keys, the folder with the public keys by the SHA-256 of their id; end_meeting_now, what counts as now;
-- end_meeting_issuer and end_meeting_audience; end_meeting_rooms, the rooms that exist.

module:set_global()

local async = require "util.async"
local json = require "util.json"
local base64 = require "util.encodings".base64
local sha256 = require "util.hashes".sha256
local formdecode = require "util.http".formdecode
local digest = require "openssl.digest"
local pkey = require "openssl.pkey"

local host = module:get_option_string("end_meeting_host")
local keys = module:get_option_string("end_meeting_keys")
local now = module:get_option_number("end_meeting_now")
local issuer = module:get_option_string("end_meeting_issuer")
local audience = module:get_option_string("end_meeting_audience")
local rooms = module:get_option_set("end_meeting_rooms", {})

local function decode(text)
    return base64.decode(text:gsub("-", "+"):gsub("_", "/") .. ("="):rep(-#text % 4))
end

local function is_accepted(token)
    local signed, head, body, signature = token:match("^(([%w_-]+)%.([%w_-]+))%.([%w_-]+)$")
    local header = signed and json.decode(decode(head))
    if not header or header.typ ~= "JWT" or header.alg ~= "RS256" or not header.kid then
        return false
    end
    local file = io.open(keys .. "/" .. sha256(header.kid, true) .. ".pem")
    if not file or not pkey.new(file:read("a")):verify(decode(signature), digest.new("sha256"):update(signed)) then
        return false
    end
    local claims = json.decode(decode(body))
    return math.type(claims.exp) == "integer" and now < claims.exp
        and math.type(claims.nbf) == "integer" and now >= claims.nbf
        and claims.iss == issuer and claims.aud == audience and type(claims.room) == "string"
end

local function respond(request)
    local conference = request.url.query and formdecode(request.url.query).conference
    if not conference then
        return 400
    end
    local token = (request.headers.authorization or ""):match("^Bearer (.+)$")
    if not token or not is_accepted(token) then
        return 401
    end
    if not rooms:contains(conference) then
        return 404
    end
    rooms:remove(conference)
    return 200
end

function module.add_host(host_module)
    if host_module.host ~= host then
        return
    end
    host_module:depends("http")
    host_module:provides("http", {
        default_path = "/",
        route = {
            ["POST end-meeting"] = function (event)
                async.runner(function ()
                    event.response.status_code = respond(event.request)
                    event.response:send()
                end):run(true)
                return true
            end,
        },
    })
end
