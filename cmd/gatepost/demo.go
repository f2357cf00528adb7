package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/identity"
	"github.com/gatepost-video/gatepost/internal/demo"
)

// demoState is what a demo remembers between starts, in its data directory: the
// accounts that it made and the keys of its cameras.
type demoState struct {
	Accounts []demoAccount `json:"accounts"`
	Street   demoCamera    `json:"street"`
	Shop     demoCamera    `json:"shop"`
	Yours    demoCamera    `json:"yours"`

	Programme string `json:"programme"` // id of the county's draft
}

type demoAccount struct {
	Login    string `json:"login"`
	Password string `json:"password"`
	Who      string `json:"who"`
}

// demoPeople are somebody of each kind.
var demoPeople = []struct {
	login, organisation, words string
	kind                       gatepost.OrganisationKind
	role                       gatepost.Role
}{
	{"owner", "湖滨便利店 Lakeside Corner Shop", "shop owner 店主", gatepost.KindBusiness, gatepost.RoleOwner},
	{"police", "湖滨派出所分控中心 Lakeside Sub-control Centre", "police watcher 民警", gatepost.KindPolice, gatepost.RoleWatcher},
	{"supervisor", "上城区公安分局 County Police", "county supervisor: reports, programmes 分局主管：月报、规划", gatepost.KindPolice, gatepost.RoleSupervisor},
	{"operator", "通信运营商 Carrier", "operator 运营商", gatepost.KindOperator, gatepost.RoleMaintainer},
}

// account finds an account by its login; it has no password when there is none.
func (s demoState) account(login string) demoAccount {
	for _, a := range s.Accounts {
		if a.Login == login {
			return a
		}
	}
	return demoAccount{}
}

// complete tells whether everybody and everything was made.
func (s demoState) complete() bool {
	for _, who := range demoPeople {
		if s.account(who.login).Password == "" {
			return false
		}
	}
	return s.Yours.ID != "" && s.Programme != ""
}

type demoCamera struct {
	ID        string               `json:"id"`
	StreamKey string               `json:"stream_key"`
	Publish   gatepost.PublishURLs `json:"publish"`
}

// demoAdmin makes the administrator's password part of the demo's state, so
// that it can be printed at each start.
func demoAdmin(f *storeFlags, given string) (string, error) {
	state, err := readDemo(f)
	if err != nil || given != "" {
		return given, err
	}
	if len(state.Accounts) == 0 {
		state.Accounts = []demoAccount{{Login: "admin", Password: gatepost.NewSecret(10), Who: "administrator 管理员"}}
		err = writeDemo(f, state)
	}
	return state.Accounts[0].Password, err
}

func readDemo(f *storeFlags) (demoState, error) {
	var state demoState
	b, err := os.ReadFile(f.path("demo.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return state, nil
	}
	if err != nil {
		return state, err
	}
	return state, json.Unmarshal(b, &state)
}

func writeDemo(f *storeFlags, state demoState) error {
	b, err := json.MarshalIndent(state, "", "  ")
	if err != nil {
		return err
	}
	temp := f.path(".demo.json.new")
	if err := os.WriteFile(temp, append(b, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(temp, f.path("demo.json"))
}

// runDemo seeds the demo once, prints how to use it, and plays its two cameras
// through the real doors until ctx ends.
func runDemo(ctx context.Context, f *storeFlags, p *controlPlane, a gatepost.Addresses) error {
	state, err := readDemo(f)
	if err != nil {
		return fmt.Errorf("read the demo's accounts: %w", err)
	}
	if !state.complete() {
		// What there is by now is kept, however it ends: passwords are nowhere else.
		state, err = seedDemo(ctx, p, a, state)
		if err := errors.Join(err, writeDemo(f, state)); err != nil {
			return fmt.Errorf("set up the demo: %w", err)
		}
	}
	printDemo(os.Stdout, a, state)

	// Ports may have changed since the cameras were enrolled.
	street := a.Publish(state.Street.ID, state.Street.StreamKey)
	shop := a.Publish(state.Shop.ID, state.Shop.StreamKey)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		return (&demo.Camera{Name: "street", Clip: demo.Street(), RTSP: street.RTSP}).Run(ctx)
	})
	g.Go(func() error {
		return (&demo.Camera{Name: "shop", Clip: demo.Shop(), WHIP: shop.WHIP, Key: state.Shop.StreamKey}).Run(ctx)
	})
	return g.Wait()
}

// seedDemo makes what is not there yet: an organisation and an account of each kind, cameras that
// their owner enrols, and the county's programme, as people would, through the API.
func seedDemo(ctx context.Context, p *controlPlane, a gatepost.Addresses, state demoState) (demoState, error) {
	for _, who := range demoPeople {
		if state.account(who.login).Password != "" {
			continue
		}
		o, err := p.organisation.Create(ctx, who.organisation, who.kind, demoDivision)
		if err != nil {
			return state, err
		}
		password := gatepost.NewSecret(10)
		_, err = p.identity.CreateUser(ctx, identity.NewUser{Login: who.login, Name: who.words, Password: password, Organisation: o.ID, Role: who.role})
		if err != nil {
			return state, err
		}
		state.Accounts = append(state.Accounts, demoAccount{Login: who.login, Password: password, Who: who.words})
	}
	if state.Yours.ID == "" {
		if err := seedCameras(ctx, a, &state); err != nil {
			return state, err
		}
	}
	if state.Programme != "" {
		return state, nil
	}
	return state, seedProgramme(ctx, a, &state)
}

// demoDivision is where the demo is: a county.
const demoDivision = "330102"

func seedCameras(ctx context.Context, a gatepost.Addresses, state *demoState) error {
	c := &demoClient{base: a.HTTP}
	if err := c.login(ctx, state.account("owner")); err != nil {
		return err
	}
	enrol := func(into *demoCamera, name, place string, lon, lat float64) error {
		return c.call(ctx, "/v1/cameras", map[string]any{"name": name, "place": place, "division": demoDivision, "address": "湖滨路 Lakeside Road",
			"position": map[string]float64{"longitude": lon, "latitude": lat}, "class": 3, "consent_to_share": true, "sign_posted": true, "not_banned_place": true}, into)
	}
	return errors.Join(
		enrol(&state.Street, "店前街道 Street outside", "main_street", 120.1640, 30.2592),
		enrol(&state.Shop, "店内 Shop floor", "premises", 120.1642, 30.2593),
		enrol(&state.Yours, "你的摄像机 Your own", "premises", 120.1643, 30.2594),
	)
}

// seedProgramme draws up what the county is to build this year; one of its sites has no camera.
func seedProgramme(ctx context.Context, a gatepost.Addresses, state *demoState) error {
	c := &demoClient{base: a.HTTP}
	if err := c.login(ctx, state.account("supervisor")); err != nil {
		return err
	}
	year := time.Now().In(gatepost.Zone).Year()
	target := func(place string, count int, strength string) map[string]any {
		return map[string]any{"place": place, "class": 3, "count": count, "strength": strength, "deadline": fmt.Sprintf("%d-12-31", year)}
	}
	site := func(name, place string, lon, lat float64) map[string]any {
		return map[string]any{"name": name, "place": place, "class": 3, "longitude": lon, "latitude": lat}
	}
	var made struct{ ID string }
	err := c.call(ctx, "/v1/programmes", map[string]any{"year": year, "targets": []any{target("main_street", 2, "full"), target("premises", 3, "basic")},
		"sites": []any{site("湖滨路口 Lakeside Road", "main_street", 120.1640, 30.2592), site("渡口 Ferry", "main_street", 120.1700, 30.2650)}}, &made)
	state.Programme = made.ID
	return err
}

// demoClient speaks to the API as anybody would.
type demoClient struct{ base, token string }

func (c *demoClient) login(ctx context.Context, who demoAccount) error {
	var out struct {
		AccessToken string `json:"access_token"`
	}
	err := c.call(ctx, "/v1/session", map[string]string{"login": who.Login, "password": who.Password}, &out)
	c.token = out.AccessToken
	return err
}

func (c *demoClient) call(ctx context.Context, path string, in, out any) error {
	b, err := json.Marshal(in)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path, bytes.NewReader(b))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return err
	}
	if res.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s answers %s: %s", path, res.Status, body)
	}
	return json.Unmarshal(body, out)
}

func printDemo(w io.Writer, a gatepost.Addresses, s demoState) {
	var b strings.Builder
	fmt.Fprintf(&b, "\nGatepost demo 演示\n\n  Portal 门户   %s\n\n", a.HTTP)
	for _, acc := range s.Accounts {
		fmt.Fprintf(&b, "  %-11s %-18s %s\n", acc.Login, acc.Password, acc.Who)
	}
	fmt.Fprintf(&b, "\nPush a file of your own to the camera \"你的摄像机 Your own\" 推送自己的视频文件:\n\n  ffmpeg -re -stream_loop -1 -i video.mp4 -c:v libx264 -preset veryfast -tune zerolatency -g 50 -c:a aac -f rtsp -rtsp_transport tcp %s\n\nCtrl-C stops; the data stay. 按 Ctrl-C 停止,数据保留。\n\n",
		a.Publish(s.Yours.ID, s.Yours.StreamKey).RTSP)
	_, _ = io.WriteString(w, b.String())
}
