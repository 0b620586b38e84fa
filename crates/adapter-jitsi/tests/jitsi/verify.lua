-- Verifies tokens as a server would, with code that is not ours: Prosody's own libraries read JSON, Base64 and HS256, and
-- luaossl, which Jitsi's modules use as well, checks RS256. What mod_auth_token requires of the claims at login,
-- mod_token_verification when a room is entered and mod_token_affiliation for the affiliation is written out below.
--
-- A request is a line of JSON: token, secret or public_key, issuer, audience, domain, room and now. So is the response:
-- either header, claims and owner, or refused with the reason. Without any request, this checks that the libraries exist.

package.path = "/usr/lib/prosody/?.lua;" .. package.path
package.cpath = "/usr/lib/prosody/?.so;" .. package.cpath
-- Since Prosody 13 its libraries call each other by another name, which this file of theirs knows.
pcall(require, "loader")

local json = require "util.json"
local jwt = require "util.jwt"
local base64 = require "util.encodings".base64
local digest = require "openssl.digest"
local pkey = require "openssl.pkey"

local function decode(text)
    local standard = text:gsub("-", "+"):gsub("_", "/") .. ("="):rep(-#text % 4)
    return base64.decode(standard)
end

-- The header and the claims of a token whose signature is good.
local function open(case)
    local signed, head, body, signature = case.token:match("^(([%w_-]+)%.([%w_-]+))%.([%w_-]+)$")
    if not signed then
        return nil, "not three parts"
    end
    local header = json.decode(decode(head))
    if type(header) ~= "table" or header.typ ~= "JWT" then
        return nil, "typ"
    end
    if case.secret then
        local genuine, claims = jwt.verify(case.secret, case.token)
        if not genuine then
            return nil, claims
        end
        return header, claims
    end
    if header.alg ~= "RS256" then
        return nil, "unsupported-algorithm"
    end
    if not pkey.new(case.public_key):verify(decode(signature), digest.new("sha256"):update(signed)) then
        return nil, "signature-mismatch"
    end
    return header, json.decode(decode(body))
end

local function is_or_any(claim, expected)
    return type(claim) == "string" and (claim == "*" or claim:lower() == expected)
end

local function judge(case)
    local header, claims = open(case)
    if not header then
        return { refused = claims }
    elseif type(claims) ~= "table" then
        return { refused = "claims" }
    elseif math.type(claims.exp) ~= "integer" or case.now >= claims.exp then
        return { refused = "exp" }
    elseif math.type(claims.nbf) ~= "integer" or case.now < claims.nbf then
        return { refused = "nbf" }
    elseif type(claims.iss) ~= "string" or claims.iss ~= case.issuer then
        return { refused = "iss" }
    elseif type(claims.aud) ~= "string" or claims.aud ~= case.audience then
        return { refused = "aud" }
    elseif not is_or_any(claims.sub, case.domain) then
        return { refused = "sub" }
    elseif not is_or_any(claims.room, case.room) then
        return { refused = "room" }
    end
    local user = claims.context.user
    local owner = user.affiliation == "owner" or user.moderator == true or user.moderator == "true"
    return { header = header, claims = claims, owner = owner }
end

io.stdout:setvbuf("line")
print(json.encode { ready = _VERSION })
for line in io.lines() do
    local fine, answer = pcall(judge, json.decode(line))
    print(json.encode(fine and answer or { refused = "unreadable" }))
end
