# 邮件
mail-signature = Concord ID，{ $host }
    此邮件由系统自动发送，无需回复。
mail-code-subject = { $code } 是您的 Concord ID 验证码
mail-code-service = 有人（很可能是您本人）正在使用 Concord ID 登录“{ $service }”。验证码：
mail-code-plain = 有人（很可能是您本人）正在登录 Concord ID。验证码：
mail-code-valid = { $minutes } 分钟内有效，且只能在获取它的页面上使用。
mail-code-warning = 如果不是您本人操作，无需理会。不要将验证码告诉任何人，我们的工作人员绝不会索要。
mail-link-subject = 您的“{ $service }”账户已关联到 Concord ID
mail-link-what = 您的“{ $service }”账户 { $account } 已于 { $at } 关联到您的 Concord ID。
mail-link-yours = 如果是您本人操作，无需任何处理。
mail-link-undo = 如果不是，可在 { $until } 前到“关联账户”中撤销：
mail-withdrawn-subject = “{ $service }”无法再查看您的数据
mail-withdrawn-what = 您已于 { $at } 撤回同意：“{ $service }”无法再查看“{ $what }”。
mail-withdrawn-after = 对方必须在 30 天内删除此前读取的内容。其他一切照常。
mail-see-privacy = 查看谁能看到什么：
mail-password-subject = 您的 Concord ID 密码已更改
mail-password-what = 您的 Concord ID 已设置新密码，其他浏览器均已退出登录。
mail-password-otherwise = 如果是您本人操作，无需处理。如果不是，请用发送到此邮箱的验证码登录，退出所有设备并设置新密码：
mail-fact-device = 设备：{ $device }
mail-fact-time = 时间：{ $at }
