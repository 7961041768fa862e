# 关联
steps-link = 关联步骤
step-sign-in = 登录
step-check = 核对并同意
step-done = 完成
link-title = 将“{ $service }”账户关联到您的 Concord ID？
link-service-learns = “{ $service }”将获知
link-concord-learns = Concord 将获知
nothing = 无
link-change-mind = 您可以随时在 Concord ID 的“关联账户”中解除关联，一秒内生效。不关联也能正常使用“{ $service }”。
link-decline = 暂不关联
link-accept = 关联账户
link-refused-title = 未能关联“{ $service }”账户
link-refused-held = 此“{ $service }”账户已关联到另一个 Concord ID。如果那也是您的，可用它登录；如果不是，可联系“{ $service }”。
link-refused-other = 您的 Concord ID 已关联另一个“{ $service }”账户。要关联此账户，先在“关联账户”中解除原有关联。
link-refused-old = “{ $service }”提供的确认已过期。返回该服务重新连接即可。
link-refused-not-now = 目前无法关联此账户，详情可咨询“{ $service }”。
link-refused-go-on = 不关联也可以继续，登录照常。
go-on-without-link = 不关联，继续

# 同意
consent-title = 与“{ $service }”分享您的信息？
consent-title-more = “{ $service }”请求更多信息
consent-optional-hint = 勾选您愿意分享的内容。未勾选的不会提供，也不影响登录。
consent-already = “{ $service }”已可查看 { $count } 项
consent-from = 来自“{ $service }”
consent-needed = 登录所需
now-value = 当前
consent-missing = 已请求，但暂时无法分享
consent-missing-item = { $what }：需要先关联“{ $service }”账户。
consent-connect = 前往“{ $service }”连接
consent-change-mind = 撤回与同意一样简单：在 Concord ID 的“隐私”中操作，一秒内生效。
consent-decline = 不同意
consent-decline-more = 暂不分享
consent-accept = 同意
consent-accept-chosen = 同意所选内容
agreement-version = 版本
policy-of = “{ $service }”的隐私声明
