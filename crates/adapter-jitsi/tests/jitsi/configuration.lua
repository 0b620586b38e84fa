-- Reads a configuration from standard input with Prosody's own reader, and writes what it understood as JSON. Ends with an
-- error for what Prosody would not start with, and for whatever it would warn about.

package.path = "/usr/lib/prosody/?.lua;" .. package.path
package.cpath = "/usr/lib/prosody/?.so;" .. package.cpath
pcall(require, "loader")

local json = require "util.json"
local configuration = require "core.configmanager"

local read, place, problem = configuration.load("/dev/stdin", "lua")
if not read then
    error(place .. ": " .. tostring(problem))
end
if type(problem) == "table" and #problem > 0 then
    error(table.concat(problem, "\n"))
end
-- Copied, because the tables themselves answer to every name, those that a list would have included.
local hosts = {}
for host, settings in pairs(configuration.getconfig()) do
    hosts[host] = {}
    for name, value in pairs(settings) do
        hosts[host][name] = value
    end
end
print(json.encode(hosts))
