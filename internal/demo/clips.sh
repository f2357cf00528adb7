#!/bin/sh
# Draws the two clips of the simulated cameras: shapes only, nobody's picture.
# 640x360, 25 frames a second, 24 s, a key frame every 2 s, H.264 constrained
# baseline (no B-frames), Annex B with parameter sets before each key frame.
# All movements have periods that divide 24 s, so the loop has no seam.
# Needs ffmpeg with libx264 and drawtext, and the DejaVu fonts.
set -eu
cd "$(dirname "$0")/clips"
font=${FONT:-/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf}

encode() { # name, filter graph that ends in [out]
	ffmpeg -hide_banner -loglevel error -nostdin -y -filter_complex_threads 1 \
		-filter_complex "$2" -map '[out]' -frames:v 600 -r 25 \
		-c:v libx264 -threads 1 -preset slow -profile:v baseline -level 3.0 -pix_fmt yuv420p \
		-b:v 400k -maxrate 480k -bufsize 480k -bf 0 -g 50 -keyint_min 50 -sc_threshold 0 \
		-x264-params repeat-headers=1:aud=0:slices=1 -bsf:v filter_units=remove_types=6 \
		-fflags +bitexact -flags:v +bitexact -f h264 "$1.h264"
}

label() { # text
	printf "drawbox=x=0:y=0:w=640:h=30:color=black@0.6:t=fill,drawtext=fontfile=%s:fontsize=18:fontcolor=white:x=10:y=7:text='%s'," "$font" "$1"
	printf "drawtext=fontfile=%s:fontsize=18:fontcolor=white:x=w-tw-10:y=7:text='frame %%{eif\\:n\\:d\\:6}'" "$font"
}

windows=
for x in 20 60 100 170 210 250 330 370 410 480 520 560; do
	for y in 60 95 130; do
		windows="$windows,drawbox=x=$x:y=$y:w=22:h=20:color=0xf2d98b:t=fill"
	done
done
lanes=
for x in 0 80 160 240 320 400 480 560; do
	lanes="$lanes,drawbox=x=$x:y=271:w=40:h=5:color=white:t=fill"
done

encode street "
color=c=0x9fb8cc:s=640x360:r=25:d=24,
drawbox=x=0:y=40:w=150:h=160:color=0x8a5a44:t=fill,drawbox=x=150:y=50:w=160:h=150:color=0x6b7a8f:t=fill,
drawbox=x=310:y=44:w=150:h=156:color=0x9c7f5a:t=fill,drawbox=x=460:y=52:w=180:h=148:color=0x5d6d5a:t=fill$windows,
drawbox=x=0:y=200:w=640:h=24:color=0xb9b4aa:t=fill,drawbox=x=0:y=224:w=640:h=100:color=0x3b3d40:t=fill$lanes,
drawbox=x=0:y=324:w=640:h=36:color=0xb9b4aa:t=fill,drawbox=x=588:y=150:w=6:h=74:color=0x222222:t=fill,
drawbox=x=580:y=110:w=22:h=44:color=0x111111:t=fill[ground];
color=c=0xc0392b:s=92x34:r=25:d=24,drawbox=x=18:y=4:w=24:h=12:color=0xd6eaf8:t=fill,drawbox=x=50:y=4:w=24:h=12:color=0xd6eaf8:t=fill,drawbox=x=12:y=26:w=16:h=8:color=black:t=fill,drawbox=x=64:y=26:w=16:h=8:color=black:t=fill[car1];
color=c=0x2471a3:s=92x34:r=25:d=24,drawbox=x=18:y=4:w=24:h=12:color=0xd6eaf8:t=fill,drawbox=x=50:y=4:w=24:h=12:color=0xd6eaf8:t=fill,drawbox=x=12:y=26:w=16:h=8:color=black:t=fill,drawbox=x=64:y=26:w=16:h=8:color=black:t=fill[car2];
color=c=0xf1c40f:s=170x48:r=25:d=24,drawbox=x=10:y=6:w=150:h=14:color=0xd6eaf8:t=fill,drawbox=x=22:y=38:w=20:h=10:color=black:t=fill,drawbox=x=128:y=38:w=20:h=10:color=black:t=fill[bus];
color=c=0x7d3c98:s=12x34:r=25:d=24,drawbox=x=2:y=0:w=8:h=9:color=0xf5cba7:t=fill[walker1];
color=c=0x1e8449:s=12x34:r=25:d=24,drawbox=x=2:y=0:w=8:h=9:color=0xf5cba7:t=fill[walker2];
color=c=0xe74c3c:s=12x12:r=25:d=24[red];color=c=0x2ecc71:s=12x12:r=25:d=24[green];
[ground][walker1]overlay=x='-12+mod(t\,24)*27.2':y='186+2*sin(2*PI*t*2)'[a];
[a][car1]overlay=x='-92+mod(t+2\,6)*122':y=230[b];[b][bus]overlay=x='640-mod(t+5\,12)*67.5':y=278[c];
[c][car2]overlay=x='640-mod(t+1\,8)*91.5':y=286:enable='lt(mod(t+1\,8)\,8)'[d];
[d][walker2]overlay=x='640-mod(t+9\,24)*27.2':y='322+2*sin(2*PI*t*2)'[e];
[e][red]overlay=x=585:y=114:enable='lt(mod(t\,12)\,6)'[f];[f][green]overlay=x=585:y=138:enable='gte(mod(t\,12)\,6)'[g];
[g]$(label 'STREET CAMERA')[out]"

shelves=
n=0
for y in 70 118 166; do
	for x in 28 58 88 118 148 178 208 238; do
		case $((n % 5)) in 0) c=0xe67e22 ;; 1) c=0x27ae60 ;; 2) c=0x2980b9 ;; 3) c=0xf4d03f ;; *) c=0xc0392b ;; esac
		shelves="$shelves,drawbox=x=$x:y=$y:w=20:h=34:color=$c:t=fill"
		n=$((n + 3))
	done
	shelves="$shelves,drawbox=x=20:y=$((y + 34)):w=250:h=6:color=0x6e4b2a:t=fill"
done

encode shop "
color=c=0xe8dfcf:s=640x360:r=25:d=24,
drawbox=x=0:y=230:w=640:h=130:color=0xb08d57:t=fill,drawbox=x=0:y=228:w=640:h=4:color=0x7b5b36:t=fill,
drawbox=x=14:y=56:w=262:h=172:color=0xc9b48e:t=fill$shelves,
drawbox=x=330:y=60:w=110:h=170:color=0xaed6f1:t=fill,drawbox=x=330:y=60:w=110:h=170:color=0x566573:t=6,
drawbox=x=480:y=200:w=150:h=70:color=0x7e5109:t=fill,drawbox=x=480:y=192:w=150:h=10:color=0xd5b27a:t=fill,
drawbox=x=560:y=160:w=40:h=32:color=0x2c3e50:t=fill[room];
color=c=0x85c1e9:s=49x158:r=25:d=24[door];
color=c=0x2e4053:s=30x96:r=25:d=24,drawbox=x=5:y=0:w=20:h=24:color=0xf5cba7:t=fill[guest];
color=c=0x922b21:s=28x90:r=25:d=24,drawbox=x=4:y=0:w=20:h=22:color=0xedbb99:t=fill[buyer];
color=c=0x117864:s=30x70:r=25:d=24,drawbox=x=5:y=0:w=20:h=24:color=0xf5cba7:t=fill[keeper];
color=c=0xf7dc6f:s=60x6:r=25:d=24[fan];color=c=0x58d68d:s=30x4:r=25:d=24[till];
[room][door]overlay=x='336+49*(0.5-0.5*cos(2*PI*t/8))':y=66[a];
[a][keeper]overlay=x='520+14*sin(2*PI*t/6)':y=126[b];
[b][till]overlay=x=565:y='166+mod(floor(t*2)\,5)*4'[c];
[c][guest]overlay=x='300-230*cos(2*PI*t/24)':y='216+3*sin(2*PI*t*2)'[d];
[d][buyer]overlay=x='250+190*sin(2*PI*t/12)':y='236+3*sin(2*PI*t*1.5)'[e];
[e][fan]overlay=x='200+40*sin(2*PI*t*1.25)':y=40[f];
[f]$(label 'SHOP CAMERA')[out]"
