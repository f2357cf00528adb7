/** 中文。Its shape is what every other language must have. */
export const zh = {
  brand: '视频云',
  nav: { cameras: '摄像机', enrol: '摄像机登记', signOut: '退出登录', language: 'English', dark: '深色', light: '浅色', menu: '菜单' },
  common: {
    copy: '复制', copied: '已复制', cancel: '取消', confirm: '确定', close: '关闭', save: '保存', retry: '重试', loading: '正在加载…',
    more: '加载更多', none: '无', yes: '是', no: '否', optional: '选填', refresh: '刷新', back: '返回', never: '从未', unlimited: '不限', required: '必填',
    required_field: '请填写此项', days: '{{count}} 天', until: '至 {{time}}', download: '下载',
  },
  signIn: {
    title: '登录', login: '账号', password: '密码', submit: '登录', failed: '账号或密码不正确',
    about: '每一次查看都有登记：谁、看了什么、为了什么。',
    away: '暂时连不上服务器', awayHint: '请检查网络，或稍后再试。',
  },
  roles: { watcher: '监控员', responder: '处置员', maintainer: '维护员', supervisor: '主管', owner: '负责人', admin: '系统管理员' },
  cameras: {
    title: '摄像机', search: '按名称、编号、地址查找', all: '全部', online: '在线', offline: '离线', attention: '需处理',
    empty: '还没有摄像机', emptyHint: '登记第一台，按给出的地址推流即可。', emptyOthers: '本单位没有摄像机，也没有单位向本单位开放。', nothing: '没有符合条件的摄像机',
    name: '名称', state: '状态', signs: '在线与录像', recording: '录像', lastSeen: '最近在线', picture: '画面', place: '场所', viewers: '正在观看', class: '类别',
    isRecording: '录像中', notRecording: '未录像', since: '{{time}}起', neverSeen: '从未推流',
  },
  problem: { recorder: '录像程序无响应', storage: '录像磁盘写入失败', tracks: '无法录像：没有视频，或编码不受支持', key_frames: '未录像：摄像机不发送关键帧', upload: '已录像，尚未入库' },
  state: { planned: '规划', enrolled: '已登记', acceptance: '验收中', in_service: '在用', suspended: '已停用', retired: '已退役' },
  place: {
    town_centre: '中心城镇', market_town: '重点集镇', main_street: '主要街区', busy_area: '繁华地段', public_place: '公共场所',
    junction: '交通路口重点部位', troubled_area: '治安复杂地区', boundary: '行政区划边界', market: '专业市场', residential: '居民小区',
    premises: '单位内部', bus: '公交车辆', village: '行政村', unclassified: '未分类',
  },
  class: {
    c1: '一类点', c2: '二类点', c3: '三类点',
    explain1: '一类点：由当地分控中心 24 小时实时监看', explain2: '二类点：实时监看或录像备查', explain3: '三类点：以本地录像为主，需要时调看',
  },
  enrol: {
    title: '摄像机登记', intro: '登记后即获得国标编码、推流地址和密钥。密钥只显示一次。',
    what: '摄像机', where: '位置', rules: '依法承诺', who: '责任单位',
    name: '名称', nameHint: '例如：收银台、后门', division: '行政区划', divisionHint: '逐级选择到乡镇（街道）', address: '地址',
    longitude: '经度', latitude: '纬度', coordinates: '坐标为 WGS-84，单位为度', place: '场所类别', class: '监看类别',
    retention: '保存天数', retentionHint: '法定不少于 30 天（公共安全视频图像信息系统管理条例第十七条），期满即删',
    consent: '长期同意公安机关调看', consentHint: '不同意时，仅在突发事件等法定情形下可被调看。每次调看您都能查到。',
    banned: '摄像机会拍到以下任何场所吗？', bannedList: '旅馆客房、宿舍、公共浴室、卫生间、更衣室、哺乳室、试衣间，以及其他涉及隐私的场所（条例第八条）',
    bannedYes: '会拍到', bannedNo: '不会拍到', bannedRefused: '法律禁止在这些场所安装图像采集设备，不能登记。请调整位置或角度后再来。',
    sign: '是否已设置显著的提示标识？', signHint: '应当告知进入者此处有视频采集（条例第十三条）', signYes: '已设置', signNo: '尚未设置', signRefused: '请先张贴提示标识，再登记。',
    owner: '产权单位', responsible: '责任单位', funder: '出资单位', beneficiary: '受益单位', own: '本单位', submit: '登记', done: '登记成功',
    doneHint: '请现在就把密钥和地址填入摄像机。离开此页后密钥不再显示，只能更换。', toCamera: '进入摄像机页', another: '再登记一台',
    leave: '密钥还没有保存。离开后不再显示，确定离开吗？',
    rule: {
      name: '名称需 1 至 100 个字符', longitude: '经度在 -180 与 180 之间', latitude: '纬度在 -90 与 90 之间', both: '经度和纬度要么都填，要么都不填',
      retention: '保存天数在 30 与 180 之间', banned: '请回答此项', sign: '请回答此项',
    },
  },
  publish: {
    key: '推流密钥', keyOnce: '只显示这一次', url: '推流地址', qr: '用手机推流软件扫码', ffmpeg: '用 ffmpeg 推送文件', ffmpegHint: '把 input.mp4 换成您的文件',
    whipNote: 'WHIP 以密钥为 Bearer 令牌', browser: '用本机摄像头试推', screen: '推送屏幕', stop: '停止推流', pushing: '正在推流', connecting: '正在连接…', failed: '推流中断',
    noDevice: '没有可用的摄像头，或浏览器未获准使用', rotate: '更换密钥', rotateAsk: '更换后旧密钥立即失效，正在推流的摄像机会断开，需填入新密钥。', rotated: '密钥已更换',
    hidden: '密钥只在登记或更换时显示一次。如已遗失，请更换。', secureOnly: '浏览器只在 HTTPS 或本机地址下允许使用摄像头',
  },
  camera: {
    live: '实时画面', playback: '录像', watch: '观看实时画面', backToLive: '回到实时', notWatch: '您的岗位不能观看这台摄像机',
    operatorNoWatch: '运营方可以管理，不能观看。', offlineHint: '摄像机当前离线；在时间轴上点选可看录像。', watchAgain: '重新观看',
    timeline: '时间轴', day: '日期', today: '今天', previousDay: '前一天', nextDay: '后一天', wholeDay: '全天', zoomIn: '放大', zoomOut: '缩小', recorded: '有录像', gap: '断录', expired: '已过保存期', held: '已封存',
    timelineHint: '点击或拖动指针播放；滚轮缩放，拖动平移', nothingRecorded: '这一天没有录像',
    tabs: { overview: '概况', push: '接入', shares: '分享链接', looks: '谁看过' },
    nationalId: '国标编码', address: '地址', division: '行政区划', position: '坐标', retention: '保存期', protocol: '推流协议', stream: '码流', since: '状态起始', viewers: '正在观看',
    created: '登记时间', consent: '公安调看', consentYes: '已长期同意', consentNo: '仅法定情形', owner: '产权单位', nobody: '未填',
    suspend: '停用', resume: '恢复', retire: '退役', suspendAsk: '停用后摄像机不能推流，已有录像保留。', resumeAsk: '恢复后摄像机可以继续推流。',
    retireAsk: '退役不可撤回；录像按保存期到期删除。', reason: '原因', changed: '已{{what}}', gone: '没有这台摄像机，或者您无权知道它的存在。',
  },
  acceptance: {
    title: '验收', none: '尚未验收', noneHint: '摄像机首次推流后，网关会测量 30 秒并给出结论。', measuring: '正在测量（约 30 秒）…', passed: '验收合格', failed: '验收不合格', at: '测量于 {{time}}',
    again: '重新测量', started: '将测量接下来的 30 秒', offline: '摄像机离线，上线后才能测量',
    codec: '编码', size: '分辨率', fps: '帧率', bitrate: '码率', keyInterval: '关键帧间隔', loss: '丢包', skew: '时钟偏差', noAudio: '无音频', frames: '{{n}} 帧/秒', seconds: '{{n}} 秒',
  },
  shares: {
    make: '新建分享链接', none: '没有分享链接', noneHint: '链接只打开您指定的内容，到期失效，随时可撤销。', what: '内容', actions: '允许查看', window: '录像时段', expires: '有效期至', uses: '已用 / 上限', label: '水印文字',
    labelHint: '叠加在画面上，例如对方单位名称', status: '状态', active: '有效', revoked: '已撤销', expired: '已到期', used: '次数用完', revoke: '撤销', revokeAsk: '撤销后 5 秒内画面中断，且不可恢复。',
    revokedNow: '已撤销', maxUses: '打开次数上限', maxUsesHint: '留空为不限', live: '实时', playback: '录像', made: '链接已生成', madeHint: '请现在复制；关闭后不再显示完整链接。', created: '创建于',
    rule: { actions: '至少选择一项', window: '请选择录像时段', windowOrder: '起始须早于结束', windowFuture: '时段须在现在之前', expires: '请选择有效期，须在将来' },
    hour: '1 小时', day: '1 天', week: '7 天', month: '30 天',
    revokeAll: '全部撤销', revokeAllAsk: '撤销这台摄像机的所有链接？5 秒内画面中断，且不可恢复。', revokedAll: '已撤销 {{n}} 个链接', bound: '限制', basis: '依据', basisHint: '凭什么可以分享，例如法律条款、合同、当事人同意；记入台账，打开链接的人也能看到',
    networks: '允许的网络', networksHint: '只能从这些地址打开，例如 203.0.113.0/24；留空为不限', origins: '可嵌入的网站', originsHint: '这些网站的页面可以嵌入画面，例如 https://www.example.org；留空为不可嵌入',
    embed: '嵌入代码：粘贴到上述网站的页面中。每次加载页面计一次打开。', openings: '打开记录', noOpenings: '还没有人打开过', act: '操作', remote: '来自', result: '结果', allowed: '已打开', refused: '已拒绝：链接失效', elsewhere: '已拒绝：不在允许的网络',
    acts: { open: '打开', renew: '继续观看', look: '观看' },
  },
  looks: {
    none: '还没有人看过', noneHint: '每一次查看都会登记在此。', who: '谁', when: '时间', what: '内容', why: '事由', case: '案件编号', until: '有效期至', byShare: '分享链接', revoke: '中止',
    revokeAsk: '对方画面将在 5 秒内中断。', live: '实时画面', playback: '录像', active: '观看中或仍有效', ended: '已结束', revoked: '已中止',
  },
  purpose: {
    title: '登记查看事由', intro: '查看他人摄像机须先登记事由、内容、单位和姓名（条例第十六条）。摄像机所属单位可以看到这条登记。', purpose: '用途', reason: '事由', reasonHint: '为何需要查看，具体到事',
    case: '案件或工单编号', submit: '登记并查看', reasonRule: '请写明事由，至少 4 个字符', window: '内容',
    kinds: { own: '本单位查看', share: '分享链接', case: '办理案件', emergency: '突发事件处置', patrol: '治安巡查', inspection: '检查验收', maintenance: '设备维护', other: '其他' },
  },
  share: {
    title: '分享的视频', opening: '正在打开…', shows: '可以查看', live: '实时画面', window: '{{from}} 至 {{to}} 的录像', until: '有效至 {{time}}', label: '画面带有水印“{{label}}”，您的查看会被登记。', noLabel: '您的查看会被登记。',
    gone: '链接已失效', goneHint: '链接已到期、次数用完，或被分享人撤销。如仍需查看，请联系分享人重新分享。', expired: '链接已到期', bad: '链接无效', badHint: '请检查链接是否复制完整。',
    elsewhere: '不对您所在的网络开放', elsewhereHint: '分享人限定了可以打开此链接的网络。如需查看，请联系分享人。', basis: '分享依据：{{basis}}',
    away: '暂时打不开', seek: '录像时间', ended: '分享已结束', reload: '重新打开',
  },
  errors: {
    invalid: '填写的内容有误', unauthenticated: '请重新登录', forbidden: '您没有这项权限', not_found: '没有找到', conflict: '当前状态不允许这样做', gone: '已失效',
    too_large: '内容过大', rate_limited: '操作过于频繁，请稍后再试', unavailable: '服务暂时不可用，请稍后再试', internal: '服务器内部错误，已记录', network: '网络不通，请检查连接', unexpected: '服务器的回答无法识别',
    field: '此项不符合要求：{{message}}',
    fields: {
      name: '名称不符合要求', 'position.longitude': '经度超出范围', 'position.latitude': '纬度超出范围', position: '坐标不符合要求', division: '没有这个行政区划', place: '没有这个场所类别', class: '类别只能是 1、2、3',
      retention_days: '保存天数超出允许范围', not_banned_place: '须确认不拍摄法律禁止的场所', sign_posted: '须先设置提示标识', owner_id: '没有这个单位', responsible_id: '没有这个单位', funder_id: '没有这个单位', beneficiary_id: '没有这个单位',
      from: '起始时间不符合要求', to: '结束时间不符合要求', expires_at: '有效期不符合要求', max_uses: '次数不符合要求', actions: '请选择允许查看的内容', label: '水印文字不符合要求', networks: '网络地址写成 203.0.113.0/24 或 203.0.113.7 的形式', origins: '网站写成 https://www.example.org 的形式，不带路径', legal_basis: '依据不符合要求', purpose: '请选择用途', reason: '请写明事由', case_number: '编号不符合要求',
      login: '账号不符合要求', password: '密码不符合要求', address: '地址不符合要求',
    },
  },
};

/** Every language has these words. */
export type Words = typeof zh;
