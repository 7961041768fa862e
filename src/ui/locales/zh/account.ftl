# 个人页面
account-nav = 您的 Concord ID
nav-home = 概览
nav-links = 关联账户
nav-privacy = 隐私
nav-sessions = 设备
nav-security = 安全
hello = 您好，{ $name }
customer-id = 您的客户编号
customer-id-hint = 即使更换邮箱，编号也不会改变。它不是密码，不能用来登录；联系客服时可能会用到。
your-services = 您的服务
no-services = 您还没有通过 Concord 登录过任何服务。
account-linked = 账户已关联
sign-in-only = 仅用于登录
last-used = 上次使用：{ $when }
disconnect = 断开
see-all = 查看全部
who-may-read = 谁能查看什么
all-consents = { $count ->
        [0] 隐私
       *[other] 全部 { $count } 项同意
    }
latest-decisions = 最近的决定
no-decisions = 您还没有做过任何决定。
decision-given = 已同意
decision-withdrawn = 已撤回
decision-refused = 已拒绝
decision-linked = 已关联
decision-link-ended = 已解除关联
session-count = { $count ->
        [1] 您仅在此设备上登录。
       *[other] 您在 { $count } 台设备上登录。
    }
see-sessions = 查看设备

# 关联
links-intro = 关联账户是您在某个服务中的账户，并由您确认归您所有。
no-links = 没有关联账户。关联从服务方开始：登录该服务并选择“连接 Concord”。
link-active = 有效
link-suspended = 已暂停
link-pending = 处理中
link-disputed = 核查中
link-nobody-reads = 没有其他服务查看其数据
link-readers = { $readers } 可查看其数据
undo-until = 新关联。不是您本人操作？{ $time } 前可以撤销。
undo = 撤销
end-link = 解除关联
connect-more = 还可以连接
connect-hint = 连接从服务方开始，这样双方都能确认是您本人。

# 隐私
privacy-title = 谁能看到什么
privacy-intro = 每个服务可以查看的您的信息。除此之外，Concord 不会提供任何内容。
privacy-table = 各服务可查看的信息（按主题）
cell-nothing = 无
cell-own = 自有数据
cell-needed = 登录所需
cell-chosen = 您选择分享
cell-ends-soon = 30 天内到期
your-consents = 您的同意
no-consents = 没有任何服务可以查看您的信息。
no-consents-given = 您目前没有可撤回的同意。
withdraw-hint = 点一下即可撤回，一秒内生效。服务方必须删除此前读取的内容。
withdraw = 撤回

# 结束
end-link-title = 解除与“{ $service }”的关联？
disconnect-title = 断开“{ $service }”？
what-stops = 将停止
what-stays = 将保留
ending-link-signed-out = 一秒内您将从“{ $service }”退出登录。
ending-link-sign-in = 通过 Concord 登录将不再打开此“{ $service }”账户。
ending-service-signed-out = 一秒内您将从“{ $service }”退出登录，且不能再通过 Concord 登录。
ending-service-reads = “{ $service }”无法再从 Concord 查看您的任何信息。
ending-reader = “{ $reader }”将不再看到您在“{ $service }”的数据。
ending-keeps-account = 您在“{ $service }”的账户及原有登录方式。
ending-keeps-others = 您的其他服务：不受影响。
ending-again = 以后可以重新连接，届时会再次征求您的同意。
keep = 保留

# 设备
sessions-intro = 您已登录 Concord 的浏览器。
this-browser = 当前浏览器
signed-in-on = 登录于 { $when }
last-seen = 最近使用：{ $when }
session-services = 用于：{ $services }
end-others = 退出所有其他设备
no-other-sessions = 您没有在其他地方登录。

# 安全
password-set-on = 设置于 { $date }。
set-password = 设置密码
password-none = 未设置密码：您使用邮件验证码登录。
contacts-title = 邮箱和号码
verified-on = { $date } 已验证
not-verified-yet = 尚未验证
signs-you-in = 用于登录

# 操作后的提示
notice-consent-withdrawn = 已撤回，“{ $service }”无法再查看。
notice-link-ended = 已解除与“{ $service }”的关联。
notice-disconnected = 已断开“{ $service }”。
notice-session-ended = 该设备已退出登录。
notice-others-ended = 所有其他设备均已退出登录。
notice-password-set = 新密码已生效。
notice-nickname-set = 好的，今后就这样称呼您。
notice-nothing-changed = 没有变化：此前已经完成。

# 退出
sign-out-title = 退出 Concord ID？
sign-out-services = 您也将从以下服务退出：
stay = 保持登录
signed-out-title = 您已退出登录
signed-out-services = 已通知以下服务：
signed-out-hint = 如果是公用电脑，记得关闭浏览器。
sign-in-again = 重新登录
sign-in-consent = 使用 Concord ID 登录
sign-in-consent-why = 让您无需另设密码即可登录
unknown-browser = 浏览器
