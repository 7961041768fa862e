-- The code flow of a browser that is signed in: authorize, the flow's page, token. One story is one ID token.
local cookies = " HTTP/1.1\r\nHost: id.localhost:8080\r\nCookie: COOKIES\r\n\r\n"
local start = "GET START" .. cookies
local head = "POST /oauth2/token HTTP/1.1\r\nHost: id.localhost:8080\r\nAuthorization: AUTHORIZATION\r\n"
  .. "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: "
local waiting, threads = {}, {}
completed, wrong = 0, 0

function setup(thread) threads[#threads + 1] = thread end

-- What an answer led to is asked next, by whichever connection is free: the one that got the answer.
function request() return table.remove(waiting) or start end

function response(status, headers, body)
  local to = headers["location"]
  local code = to and to:match("[?&]code=([^&]+)")
  if code then
    local form = "grant_type=authorization_code&redirect_uri=REDIRECT_URI&code_verifier=VERIFIER&code=" .. code
    waiting[#waiting + 1] = head .. #form .. "\r\n\r\n" .. form
  elseif status == 303 and to:sub(1, 1) == "/" then
    waiting[#waiting + 1] = "GET " .. to .. cookies
  elseif status == 200 and body:find('"id_token":"', 1, true) then
    completed = completed + 1
  else
    wrong = wrong + 1
    if wrong == 1 then print("wrong answer " .. status .. " " .. (to or body)) end
  end
end

function done(summary)
  local all, bad = 0, 0
  for _, thread in ipairs(threads) do all, bad = all + thread:get("completed"), bad + thread:get("wrong") end
  print("completed " .. all * 1e6 / summary.duration)
  print("wrong " .. bad)
end
