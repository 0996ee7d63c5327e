package connectortest

import "encoding/json"

// credentials are in the body of POST /login and in login messages.
type credentials struct {
	Name     string `json:"name"`
	Password string `json:"password"`
}

type bearerToken struct {
	Token string `json:"token"`
}

type subscription struct {
	Kind string `json:"kind"`
}

type echoText struct {
	Text string `json:"text"`
}

type clientMessage struct {
	ID         *int64        `json:"id"`
	Auth       *bearerToken  `json:"auth"`
	Login      *credentials  `json:"login"`
	Logout     *struct{}     `json:"logout"`
	Sub        *subscription `json:"sub"`
	Unsub      *subscription `json:"unsub"`
	MenuAdd    *category     `json:"menuAdd"`
	MenuDelete *categoryID   `json:"menuDelete"`
	Echo       *echoText     `json:"echo"`
	Ping       *struct{}     `json:"ping"`
}

type serverMessage struct {
	ID         *int64        `json:"id,omitempty"`
	Auth       *User         `json:"auth,omitempty"`
	Login      *tokenPair    `json:"login,omitempty"`
	Logout     *struct{}     `json:"logout,omitempty"`
	Sub        *subscription `json:"sub,omitempty"`
	Unsub      *struct{}     `json:"unsub,omitempty"`
	MenuAdd    *category     `json:"menuAdd,omitempty"`
	MenuDelete *categoryID   `json:"menuDelete,omitempty"`
	Echo       *echoText     `json:"echo,omitempty"`
	Ping       *struct{}     `json:"ping,omitempty"`
	Push       any           `json:"push,omitempty"`
	Error      *failure      `json:"error,omitempty"`
}

// channelPush is what Backend.PushTo sends.
type channelPush struct {
	Kind    string          `json:"kind"`
	Message json.RawMessage `json:"message"`
}

// step tells what m asks of a socket of its kind; it is false unless that is
// exactly one thing, and one which such a socket knows.
func (m clientMessage) step(public bool) (step, bool) {
	asked, found := stepCount, 0
	for _, request := range []struct {
		made     bool
		at       step
		inPublic bool
	}{
		{m.Auth != nil, atAuth, false},
		{m.Login != nil, atLogin, false},
		{m.Logout != nil, atLogout, false},
		{m.Sub != nil, atSubscribe, true},
		{m.MenuAdd != nil, atRequest, false},
		{m.MenuDelete != nil, atRequest, false},
		{m.Echo != nil, atRequest, true},
		{m.Unsub != nil, atUnsubscribe, true},
		{m.Ping != nil, atAppPing, true},
	} {
		if !request.made {
			continue
		}
		found++
		if request.inPublic || !public {
			asked = request.at
		}
	}
	return asked, found == 1 && asked != stepCount
}
