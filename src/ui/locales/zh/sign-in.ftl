# 您是谁
sign-in-title = 登录
sign-in-promise = 未经您同意，Concord 不会向任何服务透露您的信息。
email-label = 电子邮箱
email-or-phone-label = 邮箱或手机号
new-here = 第一次使用？
create-id = 创建 Concord ID
error-email-empty = 输入您的邮箱地址
error-email-shape = 输入形如 name@example.com 的邮箱地址
error-identifier-empty = 输入您的邮箱地址或手机号
error-identifier-shape = 输入形如 name@example.com 的邮箱地址，或带国家代码的手机号，例如 +86 131 2345 6789
error-identifier-locked = 此 Concord ID 已被暂时锁定，无法登录。请联系您来自的服务寻求帮助
error-busy = 当前登录人数过多，等待半分钟后再试

# 密码
password-title = 输入密码
password-label = 密码
change-identifier = 邮箱或手机号
use-code = 通过邮件获取验证码
error-password-empty = 输入您的密码
error-credentials = 无法使用这些信息登录。检查后再试，或换一种方式

# 验证码
code-title = 输入验证码
code-title-contact = 验证邮箱地址
code-title-reauth = 确认是您本人
code-sent = 验证码已发送至 { $address }。
code-valid = { $minutes } 分钟内有效。
code-label = 6 位验证码
code-resent = 新验证码已发送，之前的验证码不再有效。
code-help = 没有收到？看看垃圾邮件文件夹。Concord 的任何人都不会向您索要此验证码。
resend = 发送新验证码
use-password = 使用密码登录
other-address = 换一个邮箱
error-code-empty = 输入邮件中的验证码
error-code-shape = 输入全部 6 位数字，例如 492 017
error-code-wrong = 与我们发送的验证码不符，还可以再试 { $left } 次
error-code-expired = 验证码已过期，获取一个新的
error-code-spent = 此验证码的尝试次数已用完，获取一个新的

# 当前是谁
reauth-title = 确认是您本人
reauth-why-service = 继续之前，“{ $service }”需要确认是您本人。
reauth-why-asked = 继续之前，需要确认是您本人。
reauth-why-age = 距离上次登录已有一段时间，服务方需要确认仍是您本人。
reauth-why-link = 您即将关联“{ $service }”账户。这一步可防止他人在您的电脑上操作。
reauth-why-change = 您即将更改登录方式。这一步可防止他人在您的电脑上操作。
select-title = 您要用哪个 Concord ID？
signed-out-state = 未登录
use-another = 使用其他 Concord ID

# 注册
steps-register = 创建 Concord ID 的步骤
step-address = 邮箱
step-code = 验证码
step-name = 称呼
step-password = 密码
register-intro = 一次登录，通行所有与 Concord 合作的服务。每个服务能看到什么，由您决定。
register-email-hint = 我们会发送验证码以确认邮箱属于您。未经您同意，不会提供给任何人。
send-code = 发送验证码
have-id = 已有 Concord ID？
nickname-title = 怎么称呼您？
nickname-label = 姓名或昵称
nickname-hint = 您喜欢的任何称呼都可以，不必是全名或证件上的姓名。
error-nickname-empty = 输入姓名或昵称
error-nickname-long = 使用短一些的称呼，最多 { $max } 个字符
error-nickname-signs = 只使用文字、数字和常用符号：此称呼中有无法显示的字符
choose-password-title = 设置密码
change-password-title = 更改密码
new-password-label = 新密码
password-rule-length = 至少 { $min } 个字符。几个连在一起的词语更容易记住
password-rule-words = 不要包含您的姓名或邮箱，也不要使用常见密码
password-rule-free = 可以使用空格和任何语言的文字，不强制要求数字或符号
save-password = 保存密码
current-password-label = 当前密码
error-current-password-empty = 请输入当前密码
error-current-password-wrong = 当前密码不正确
error-new-password-empty = 输入新密码
error-new-password-short = 至少使用 { $min } 个字符
error-new-password-long = 最多使用 { $max } 个字符
error-new-password-common = 换一个密码：这个密码太常见，容易被猜到
cancel = 取消
