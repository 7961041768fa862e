-- Refreshing with rotation: each answer brings the token of a later request, so none is shown twice.
local tokens = { TOKENS }
local head = "POST /oauth2/token HTTP/1.1\r\nHost: id.localhost:8080\r\nAuthorization: AUTHORIZATION\r\n"
  .. "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: "
local threads = {}
completed, wrong = 0, 0

function setup(thread) threads[#threads + 1] = thread end

function request()
  local body = "grant_type=refresh_token&refresh_token=" .. (table.remove(tokens) or "none")
  return head .. #body .. "\r\n\r\n" .. body
end

function response(status, headers, body)
  local token = status == 200 and body:match('"refresh_token":"([^"]+)"')
  if token then
    tokens[#tokens + 1], completed = token, completed + 1
  else
    wrong = wrong + 1
    if wrong == 1 then print("wrong answer " .. status .. " " .. body) end
  end
end

function done(summary)
  local all, bad = 0, 0
  for _, thread in ipairs(threads) do all, bad = all + thread:get("completed"), bad + thread:get("wrong") end
  print("completed " .. all * 1e6 / summary.duration)
  print("wrong " .. bad)
end
