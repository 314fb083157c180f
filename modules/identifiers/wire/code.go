package wire

import (
	"strconv"
	"strings"
)

// Code says how an operation went.
type Code uint32

// The codes (RFC 3652 §2.2.2.2; those from 407 on as marked).
const (
	Request              Code = 0 // of what is no answer
	Success              Code = 1
	Failed               Code = 2
	ServerBusy           Code = 3
	ProtocolError        Code = 4
	OperationDenied      Code = 5
	RecursionExceeded    Code = 6
	ServerBackup         Code = 7 // below 2.5 peers write 303 for it, see Code.For
	NotFound             Code = 100
	AlreadyExists        Code = 101
	InvalidName          Code = 102
	ValueNotFound        Code = 200
	ValueExists          Code = 201
	InvalidValue         Code = 202
	StaleSite            Code = 300 // the client's HS_SITE is out of date
	NotResponsible       Code = 301
	ServiceReferral      Code = 302
	PrefixReferral       Code = 303
	InvalidAdmin         Code = 400
	AccessDenied         Code = 401
	ChallengeNeeded      Code = 402
	ChallengeFailed      Code = 403
	InvalidCredential    Code = 404
	ChallengeTimeout     Code = 405
	UnableToAuthenticate Code = 406
	LoggedInAlready      Code = 407 // ID-SDK
	LogInFirst           Code = 408 // ID-SDK
	SessionTimeout       Code = 500
	SessionFailed        Code = 501
	InvalidSessionKey    Code = 502
	NeedRSAKey           Code = 503 // not in DO-IRP 3.0
	InvalidSessionSetUp  Code = 504 // not in DO-IRP 3.0
	SessionReplayed      Code = 505 // a message came twice
	ChannelError         Code = 601 // 601 to 605: id-pointer-sdk
	ClientTimeout        Code = 602
	DailyLimit           Code = 603
	RegistrationLimit    Code = 604
	PrefixLimit          Code = 605
	CredentialRejected   Code = 3001 // ID-SDK
)

// codeWords are the codes in the words of DO-IRP 3.0, or of who added them, with a
// sentence in Chinese and in English.
const codeWords = `
0 RESERVED|这是请求，不是应答。|this is a request, not an answer
1 SUCCESS|操作成功。|the operation succeeded
2 ERROR|服务器处理请求时出错。|the server failed on the request
3 SERVER_BUSY|服务器繁忙，请稍后再试。|the server is busy; try again later
4 PROTOCOL_ERROR|请求不符合协议。|the request does not follow the protocol
5 OPERATION_DENIED|服务器不支持或不允许该操作。|the server does not support or allow the operation
6 RECUR_LIMIT_EXCEEDED|递归次数超过上限。|the request was passed on too many times
7 SERVER_BACKUP|服务器正在备份，暂时只能解析。|the server is being backed up and takes no changes
100 ID_NOT_FOUND|标识不存在。|the identifier does not exist
101 ID_ALREADY_EXIST|标识已存在。|the identifier exists already
102 INVALID_ID|标识不合法。|the identifier is not valid
200 ELEMENT_NOT_FOUND|没有所请求的标识值。|there are no values such as were asked for
201 ELEMENT_ALREADY_EXIST|标识值已存在。|a value of that index exists already
202 ELEMENT_INVALID|标识值不合法。|a value is not valid
300 EXPIRED_SITE_INFO|站点信息已过期，请重新获取。|the site data of the client is out of date; get it again
301 SERVER_NOT_RESP|本服务器不负责该标识。|the server is not responsible for the identifier
302 SERVICE_REFERRAL|请转向所指的服务。|another service answers for the identifier
303 PREFIX_REFERRAL|请转向负责该前缀的服务。|the service of the prefix answers for the identifier
400 INVALID_ADMIN|请求者不是该标识的管理者。|the requester does not administer the identifier
401 ACCESS_DENIED|请求者没有权限。|the requester lacks the right
402 AUTHEN_NEEDED|需要身份认证。|the requester must say who they are
403 AUTHEN_FAILED|身份认证失败。|the requester is not who they say
404 INVALID_CREDENTIAL|消息凭据无效。|the credential of the message is not valid
405 AUTHEN_TIMEOUT|认证应答超时。|the answer to the challenge came too late
406 UNABLE_TO_AUTHEN|服务器无法完成身份认证。|the server cannot check who the requester is
407 RELOGIN|已经登录，不能重复登录。|the connection is signed in already
408 LOGIN_FIRST|尚未登录，请先登录。|the connection is not signed in; sign in first
500 SESSION_TIMEOUT|会话已超时。|the session has timed out
501 SESSION_FAILED|会话无法建立。|the session cannot be set up
502 SESSION_KEY_INVALID|会话密钥无效。|the session key is not valid
503 NEED_RSA_KEY|交换会话密钥需要 RSA 密钥。|the exchange of a session key needs an RSA key
504 INVALID_SESSION_SETUP|会话建立请求无效。|the request for a session is not valid
505 SESSION_MSG_REJECTED|会话消息重复，已拒绝。|the message was sent before in this session
601 CLIENT_CHANNEL_ERROR|客户端连接出错。|the client's connection failed
602 CLIENT_TIME_OUT|客户端超时。|the client timed out
603 REQUEST_LIMIT_DAILY|已达当日请求次数上限。|the requests of the day are used up
604 REGISTER_COUNT_LIMIT|已达注册数量上限。|the registrations are used up
605 PREFIX_LIMIT|前缀受到限制。|the prefix is restricted
3001 VERIFY_CREDENTIAL_FAILED|消息凭据验证失败。|the credential of the message did not verify
`

// Known reports whether a code is one of those above.
func (c Code) Known() bool { return line(codeWords, uint32(c)) != "" }

// String returns the code's word, or "code 7" of one that is none.
func (c Code) String() string {
	word, _, _ := strings.Cut(line(codeWords, uint32(c)), "|")
	if word == "" {
		return "code " + strconv.FormatUint(uint64(c), 10)
	}
	return word
}

// In returns a sentence that says what the code means, in Chinese with its full stop
// when lang is "zh-CN", else in English, lower case. A code that is none gets String.
func (c Code) In(lang string) string {
	_, sentences, _ := strings.Cut(line(codeWords, uint32(c)), "|")
	zh, en, ok := strings.Cut(sentences, "|")
	switch {
	case !ok:
		return c.String()
	case lang == "zh-CN":
		return zh
	default:
		return en
	}
}

// IsError reports whether the body of an answer with this code is an ErrorAnswer.
func (c Code) IsError() bool {
	return c != Request && c != Success && c != ServiceReferral && c != PrefixReferral && c != ChallengeNeeded
}

// For returns the code as peers of a version know it. Below 2.5, 303 meant that the
// server is being backed up, and 202 was not known.
func (c Code) For(v Version) Code {
	if !v.Before(Version{2, 5}) {
		return c
	}
	switch c { //nolint:exhaustive // the others are the same in all versions
	case ServerBackup:
		return PrefixReferral
	case InvalidValue:
		return ValueExists
	default:
		return c
	}
}

// From returns what a code means that came in a message of a version: the reverse of
// For, as far as there is one.
func (c Code) From(v Version) Code {
	if c == PrefixReferral && v.Before(Version{2, 5}) {
		return ServerBackup
	}
	return c
}
