package contact

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gatepost-video/gatepost"
)

// zone is the time zone in which people are told times.
var zone = time.FixedZone("CST", 8*60*60)

// words are the subject and the text of a message, in both languages: who reads
// it is not known. A text message has the text alone, so that it is short.
func words(m gatepost.Message, portal string) (subject, text string) {
	until := m.ExpiresAt.In(zone).Format("2006-01-02 15:04")
	switch m.Purpose {
	case gatepost.MessageSignup, gatepost.MessageContact:
		return "验证码 Verification code", fmt.Sprintf("【Gatepost】验证码 %s，%s 前有效，请勿告诉他人。\nYour code is %s, valid until %s. Tell it to nobody.\n",
			m.Secret, until, m.Secret, until)
	case gatepost.MessageSignupExists:
		return "您已有账号 You have an account", fmt.Sprintf("【Gatepost】有人用此联系方式注册，但它已有账号，请直接登录；若不是您本人操作，无需处理。%s\n"+
			"Somebody signs up with this contact, which has an account already: sign in. If it was not you, nothing needs to be done.\n", portal)
	case gatepost.MessageInvitation:
		return fmt.Sprintf("%s 邀请您加入 invites you", m.OrganisationName), fmt.Sprintf("【Gatepost】“%s”邀请您加入，%s 前打开链接并设置密码：\n%s\n"+
			"“%s” invites you. Open the link before %s and set a password.\n", m.OrganisationName, until, m.Secret, m.OrganisationName, until)
	}
	return notificationWords(m, portal)
}

// told names the kinds of notifications.
var told = map[gatepost.NotificationKind][2]string{
	gatepost.NotifyIncidentStarted: {"应急调阅已启动，贵单位的摄像机已开放", "An incident has opened cameras of yours"},
	gatepost.NotifyIncidentEnded:   {"应急调阅已结束", "An incident has ended"},
	gatepost.NotifyCrossGrant:      {"跨部门共享有新进展", "News of a cross-department grant"},
	gatepost.NotifyFootageRequest:  {"收到录像调取申请", "Somebody asks for footage"},
	gatepost.NotifySupport:         {"技术支持窗口有变动", "A support window was opened or closed"},
	gatepost.NotifyUnwatched:       {"一类点无人值守", "A class 1 camera is not being watched"},
	gatepost.NotifyDutyGap:         {"值班表即将缺岗", "Nobody is on duty in some hours"},
	gatepost.NotifyExport:          {"录像被导出", "A copy of footage was taken"},
	gatepost.NotifyHoldCapacity:    {"封存录像接近容量上限", "What holds keep comes near to its limit"},
	gatepost.NotifyRestore:         {"录像调档有结果", "Footage was restored from the deep archive, or could not be"},
}

func notificationWords(m gatepost.Message, portal string) (subject, text string) {
	n := m.Notification
	if n == nil { // it was removed since
		return "通知 Notification", portal + "\n"
	}
	kind, ok := told[n.Kind]
	if !ok {
		kind = [2]string{"有新通知", "A notification: " + string(n.Kind)}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n\n%s · %s\n", kind[0], kind[1], m.OrganisationName, n.At.In(zone).Format("2006-01-02 15:04:05"))
	keys := make([]string, 0, len(n.Detail))
	for k := range n.Detail {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		fmt.Fprintf(&b, "%s: %s\n", k, n.Detail[k])
	}
	fmt.Fprintf(&b, "\n%s\n", portal)
	return kind[0] + " " + kind[1], b.String()
}
