# 演示首页
demo-name = Concord 演示
demo-local = 仅在本机运行
demo-hero = { $count ->
        [3] 一个生态，三个服务，一次登录
       *[other] 一个生态，{ $count } 个服务，一次登录
    }
demo-intro = 下面的每个服务都是真实运行的，有自己的客户和登录方式。其中一些客户是同一个人，但他们从未同意让一个账户在另一个服务中使用。Concord 让他们自己决定，也可以随时收回。
demo-your-id = 您的 Concord ID
demo-your-id-text = 关联了什么、谁能看到什么、如何收回。
demo-try = 动手试试
demo-done = 已完成 { $done }/{ $all }
demo-step-done = 已完成：
demo-sign-in-as = 本地账户：
demo-try-register = 在“{ $service }”点击“使用 Concord 继续”，用任意邮箱注册。验证码会出现在发件箱中。
demo-try-connect = 用本地账户登录“{ $service }”，并将其连接到您的 Concord ID。
demo-try-connect-back = 在“{ $service }”做同样的操作，然后退出，再无需密码登录回来。
demo-try-share = 允许“{ $service }”查看您的积分，并在日志中查看令牌。
demo-try-withdraw = 在“隐私”中撤回，然后刷新“{ $service }”：一秒内积分消失。
demo-try-end = 解除与“{ $service }”的关联。影城毫无察觉。
demo-log = 刚刚发生了什么
demo-log-empty = 还没有内容。先去某个服务登录，再回来看看。
demo-live-on = 自动刷新
demo-live-off = 停止刷新
demo-personas = 扮演一个人
demo-outbox = 发件箱
demo-outbox-hint = 任何内容都不会离开本机
demo-outbox-empty = 还没有邮件。
demo-read-mail = 查看邮件
demo-clear-outbox = 清空发件箱
demo-back = 返回演示首页
demo-fictional = Concord 演示中的虚构公司

# 合作方
partner-welcome = 欢迎来到“{ $service }”
partner-own-sign-in = “{ $service }”账户
partner-login = 登录名
partner-try = 可以试用：
partner-or-concord = 或使用 Concord ID
partner-concord-text = 一次登录，通行多个服务。每个服务能看到什么，由您决定。
partner-continue = 使用 Concord 继续
partner-your-account = 您的“{ $service }”账户
partner-number = 编号
partner-state-connected = 已连接
partner-state-through = 通过它登录
partner-state-not = 未连接
partner-connected-since = 自 { $date } 起已连接。
partner-through-text = 您是通过 Concord 来到“{ $service }”的，这里的账户由此开立。
partner-connect-text = 连接此账户，下次登录无需本站密码。
partner-connect = 连接 Concord
partner-disconnect = 断开连接
partner-manage = 在 Concord 中管理
partner-panel-from = 来自“{ $service }”
partner-panel-ask = 我们可以在这里显示您在“{ $service }”的数据，会先征求您的同意。
partner-panel-withdrawn = 您已撤回同意，我们无法再看到您在“{ $service }”的数据。
partner-panel-not-linked = 要查看此内容，先将您在“{ $service }”的账户连接到 Concord。
partner-panel-unavailable = “{ $service }”暂时没有响应。
partner-share = 在此显示
partner-tokens = 本次登录的令牌
partner-signed-out = 您已退出“{ $service }”。
partner-ended-by-concord = Concord 已结束您在“{ $service }”的登录。
partner-connected = 您的“{ $service }”账户已连接到您的 Concord ID。
partner-declined = 您选择不连接“{ $service }”账户，一切照旧。
partner-link-failed = 这次连接没有成功，您的“{ $service }”账户照常使用。
partner-disconnected = 您的“{ $service }”账户已不再连接 Concord。
partner-sign-in-declined = 您选择不使用 Concord 登录“{ $service }”。
partner-sign-in-failed = 使用 Concord 登录“{ $service }”没有成功。可以再试一次，或使用本地账户。
