package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gatepost-video/gatepost"
	"github.com/gatepost-video/gatepost/functions/contact"
	"github.com/gatepost-video/gatepost/internal/courier"
)

// storeFlags say where rows and bytes rest.
type storeFlags struct {
	Data     string `help:"Directory of everything that is kept: SQLite, objects, spool." default:"./data" env:"GATEPOST_DATA" placeholder:"DIR"`
	Database string `help:"postgres://user:password@host/name, or empty for SQLite under --data." env:"GATEPOST_DATABASE" placeholder:"URL"`
	Objects  string `help:"s3://bucket?endpoint=URL&region=NAME (credentials from the usual AWS chain), dir:///path, or empty for a directory under --data." env:"GATEPOST_OBJECTS" placeholder:"URL"`
}

func (f *storeFlags) databaseURL() string {
	if f.Database != "" {
		return f.Database
	}
	return "sqlite://" + f.path("gatepost.db")
}

func (f *storeFlags) objectsURL() string {
	if f.Objects != "" {
		return f.Objects
	}
	return "dir://" + f.path("objects")
}

// path is an absolute path below the data directory.
func (f *storeFlags) path(name string) string {
	dir, err := filepath.Abs(f.Data)
	if err != nil {
		dir = f.Data
	}
	return filepath.Join(dir, name)
}

// prepare makes the data directory and proves that it can be written.
func (f *storeFlags) prepare() error {
	if err := os.MkdirAll(f.Data, 0o700); err != nil {
		return &gatepost.Error{Code: gatepost.Invalid, Field: "--data", Message: fmt.Sprintf("cannot make the data directory %s; choose another or correct its permissions", f.Data), Err: err}
	}
	probe, err := os.CreateTemp(f.Data, ".writable-*")
	if err != nil {
		return &gatepost.Error{Code: gatepost.Invalid, Field: "--data", Message: fmt.Sprintf("cannot write in the data directory %s; choose another or correct its permissions", f.Data), Err: err}
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// hookFlags belong to whoever posts notifications.
type hookFlags struct {
	PrivateWebhooks bool `help:"Let webhooks have private and loopback addresses, and plain http." env:"GATEPOST_PRIVATE_WEBHOOKS"`
}

// healthFlags belong to whoever finds faults.
type healthFlags struct {
	FaultAfter time.Duration `name:"fault-after" help:"How long a camera must be offline, or not well, to be a fault, and well for the fault to be over." default:"5m" env:"GATEPOST_FAULT_AFTER"`
}

// peopleFlags say how people are reached, whether they may come in by
// themselves, and at how much each may look.
type peopleFlags struct {
	SMTPAddress  string `name:"smtp-address" help:"Mail server, host:port. Without one no e-mail is sent: administrators see codes in the portal and pass them on." env:"GATEPOST_SMTP_ADDRESS" placeholder:"ADDR"`
	SMTPSecurity string `name:"smtp-security" help:"starttls, tls (from the first byte), or none for a relay on this machine." enum:"starttls,tls,none" default:"starttls" env:"GATEPOST_SMTP_SECURITY"`
	SMTPUser     string `name:"smtp-user" help:"Account at the mail server." env:"GATEPOST_SMTP_USER" placeholder:"USER"`
	SMTPPassword string `name:"smtp-password" help:"Its password." env:"GATEPOST_SMTP_PASSWORD" placeholder:"PASSWORD"`
	SMTPFrom     string `name:"smtp-from" help:"Sender of e-mail, such as \"Gatepost <noreply@example.org>\"." env:"GATEPOST_SMTP_FROM" placeholder:"ADDRESS"`
	SMSWebhook   string `name:"sms-webhook" help:"URL that text messages are posted to, signed. Without one none is sent." env:"GATEPOST_SMS_WEBHOOK" placeholder:"URL"`
	Signup       bool   `help:"Let small businesses sign themselves up; --no-signup leaves it to invitations." default:"true" negatable:"" env:"GATEPOST_SIGNUP"`
	LooksPerUser int    `name:"looks-per-user" help:"At how many cameras one user looks at a time, live and playback each." default:"128" env:"GATEPOST_LOOKS_PER_USER"`
	SMSSecret    string `name:"sms-secret" help:"Secret that signs those posts." env:"GATEPOST_SMS_SECRET" placeholder:"SECRET"`
}

// carriers are the ways to reach people that the flags name.
func (f *peopleFlags) carriers() (map[gatepost.ContactKind]contact.Carrier, error) {
	carriers := map[gatepost.ContactKind]contact.Carrier{}
	if f.SMTPAddress != "" {
		smtp, err := courier.NewSMTP(courier.SMTPOptions{Address: f.SMTPAddress, Security: courier.Security(f.SMTPSecurity),
			User: f.SMTPUser, Password: f.SMTPPassword, From: f.SMTPFrom})
		if err != nil {
			return nil, err
		}
		carriers[gatepost.ContactEmail] = smtp
	}
	if f.SMSWebhook != "" {
		sms, err := courier.NewSMS(f.SMSWebhook, f.SMSSecret)
		if err != nil {
			return nil, err
		}
		carriers[gatepost.ContactPhone] = sms
	}
	return carriers, nil
}

// webFlags are shared by every process that serves HTTP.
type webFlags struct {
	HTTP      string `name:"http" help:"Address of the API and the portal." default:":8080" env:"GATEPOST_HTTP" placeholder:"ADDR"`
	Media     string `help:"Address of live video, WHIP, WHEP and directory objects." default:":8081" env:"GATEPOST_MEDIA" placeholder:"ADDR"`
	PublicURL string `help:"URL under which browsers and cameras reach this server; its host is used for every push URL." env:"GATEPOST_PUBLIC_URL" placeholder:"URL"`
	MediaURL  string `help:"URL of the media address as browsers reach it; default: the host of --public-url with the port of --media." env:"GATEPOST_MEDIA_URL" placeholder:"URL"`
	TLSCert   string `help:"PEM file of the certificate for HTTPS, RTSPS and RTMPS." env:"GATEPOST_TLS_CERT" placeholder:"FILE"`
	TLSKey    string `help:"PEM file of its private key." env:"GATEPOST_TLS_KEY" placeholder:"FILE"`
}

// tls loads the certificate, or returns nil when there is none.
func (f *webFlags) tls() (*tls.Config, error) {
	if f.TLSCert == "" && f.TLSKey == "" {
		return nil, nil
	}
	if f.TLSCert == "" || f.TLSKey == "" {
		return nil, &gatepost.Error{Code: gatepost.Invalid, Field: "--tls-cert", Message: "--tls-cert and --tls-key go together; give both"}
	}
	cert, err := tls.LoadX509KeyPair(f.TLSCert, f.TLSKey)
	if err != nil {
		return nil, &gatepost.Error{Code: gatepost.Invalid, Field: "--tls-cert", Message: "cannot load the certificate and key", Err: err}
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, nil
}

// frontFlags say who stands in front, and who may look behind.
type frontFlags struct {
	TrustedProxies []string `name:"trusted-proxy" help:"Addresses of the proxies in front, such as 10.0.0.0/8, whose X-Forwarded-For is believed; without them the address of the connection counts." env:"GATEPOST_TRUSTED_PROXIES" placeholder:"CIDR"`
	MetricsFrom    []string `help:"Addresses that may read /metrics; default: loopback and private networks." default:"127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7" env:"GATEPOST_METRICS_FROM" placeholder:"CIDR"`
}

// front reads the flags.
func (f *frontFlags) front() (front, error) {
	proxies, err := gatepost.CheckNetworks("--trusted-proxy", f.TrustedProxies)
	if err != nil {
		return front{}, err
	}
	metrics, err := gatepost.CheckNetworks("--metrics-from", f.MetricsFrom)
	return front{proxies.Prefixes(), metrics}, err
}

// doorFlags are the addresses at which cameras push.
type doorFlags struct {
	RTSP      string   `name:"rtsp" help:"Address of RTSP." default:":8554" env:"GATEPOST_RTSP" placeholder:"ADDR"`
	RTSPS     string   `name:"rtsps" help:"Address of RTSPS; needs --tls-cert." env:"GATEPOST_RTSPS" placeholder:"ADDR"`
	RTMP      string   `name:"rtmp" help:"Address of RTMP." default:":1935" env:"GATEPOST_RTMP" placeholder:"ADDR"`
	RTMPS     string   `name:"rtmps" help:"Address of RTMPS; needs --tls-cert." env:"GATEPOST_RTMPS" placeholder:"ADDR"`
	SRT       string   `name:"srt" help:"Address of SRT (UDP)." default:":8890" env:"GATEPOST_SRT" placeholder:"ADDR"`
	WebRTCUDP string   `name:"webrtc-udp" help:"Address of WebRTC media (UDP and TCP)." default:":8189" env:"GATEPOST_WEBRTC_UDP" placeholder:"ADDR"`
	EdgeKey   string   `help:"Secret that a cache such as nginx in front of --media presents; without it no playlist is shared (docs/design/edge.md)." env:"GATEPOST_EDGE_KEY" placeholder:"SECRET"`
	WebRTCIPs []string `name:"webrtc-ip" help:"Public addresses to offer in WebRTC when behind NAT." env:"GATEPOST_WEBRTC_IP" placeholder:"IP"`
}

// listenTCP binds an address; a port in use is said with its flag and a remedy.
func listenTCP(flag, addr string) (net.Listener, error) {
	if addr == "" { // the kernel would choose a port on every interface
		return nil, &gatepost.Error{Code: gatepost.Invalid, Field: flag, Message: "needs an address such as :8080 or 127.0.0.1:8080"}
	}
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", addr)
	return l, bindError(flag, addr, err)
}

func listenUDP(flag, addr string) (net.PacketConn, error) {
	c, err := new(net.ListenConfig).ListenPacket(context.Background(), "udp", addr)
	return c, bindError(flag, addr, err)
}

func bindError(flag, addr string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EADDRINUSE):
		return &gatepost.Error{Code: gatepost.Invalid, Field: flag, Message: fmt.Sprintf("%s is in use by another program; stop it or give another address", addr), Err: err}
	default:
		return &gatepost.Error{Code: gatepost.Invalid, Field: flag, Message: fmt.Sprintf("cannot listen on %q", addr), Err: err}
	}
}

// publicBase is the URL of the API and portal as the outside sees it.
func publicBase(public string, httpAddr net.Addr, secure bool) (*url.URL, error) {
	if public != "" {
		return baseURL("--public-url", public, "https://video.example.org")
	}
	scheme := "http"
	if secure {
		scheme = "https"
	}
	return &url.URL{Scheme: scheme, Host: net.JoinHostPort("localhost", port(httpAddr))}, nil
}

// mediaBase is the URL of the media plane as the outside sees it.
func mediaBase(flag string, public *url.URL, mediaAddr net.Addr, secure bool) (*url.URL, error) {
	if flag != "" {
		return baseURL("--media-url", flag, "https://video.example.org:8081")
	}
	scheme := "http"
	if secure {
		scheme = "https"
	}
	return &url.URL{Scheme: scheme, Host: net.JoinHostPort(public.Hostname(), port(mediaAddr))}, nil
}

// baseURL reads the URL of a whole host. It is printed and given away, so
// that it holds no password; a malformed one is not repeated, for the same reason.
func baseURL(flag, raw, example string) (*url.URL, error) {
	wrong := func(what string) error {
		return &gatepost.Error{Code: gatepost.Invalid, Field: flag, Message: what + "; give a URL such as " + example}
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return nil, wrong("is not an http or https URL")
	}
	if p := u.Port(); p != "" {
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
			return nil, wrong("has a port that is none")
		}
	}
	switch {
	case u.Hostname() == "":
		return nil, wrong("names no host")
	case u.User != nil:
		return nil, wrong("holds a user or a password")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return nil, wrong("has a path or parameters, where a host of its own is needed")
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

func port(a net.Addr) string {
	switch a := a.(type) {
	case *net.TCPAddr:
		return strconv.Itoa(a.Port)
	case *net.UDPAddr:
		return strconv.Itoa(a.Port)
	}
	return ""
}
