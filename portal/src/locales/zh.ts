import { government } from './zh.government';

/** 中文。Its shape is what every other language must have. */
export const zh = {
  brand: '视频云',
  nav: { cameras: '摄像机', enrol: '摄像机登记', signOut: '退出登录', shares: '分享链接', language: 'English', dark: '深色', light: '浅色', menu: '菜单', account: '我的账号', members: '成员', admission: '准入与套餐' },
  common: {
    copy: '复制', copied: '已复制', cancel: '取消', confirm: '确定', close: '关闭', save: '保存', retry: '重试', loading: '正在加载…',
    more: '加载更多', none: '无', yes: '是', no: '否', optional: '选填', refresh: '刷新', back: '返回', never: '从未', unlimited: '不限', required: '必填',
    required_field: '请填写此项', days: '{{count}} 天', until: '至 {{time}}', download: '下载',
  },
  signIn: {
    signUp: '小型经营户自助注册', loginHint: '账号、手机号或邮箱',
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
    classHint: '一、二类点由公安机关、政府确定；需要时请联系系统管理员',
    title: '摄像机登记', intro: '登记后即获得国标编码、推流地址和密钥。密钥只显示一次。',
    what: '摄像机', where: '位置', rules: '依法承诺', who: '责任单位',
    name: '名称', nameHint: '例如：收银台、后门', division: '行政区划', divisionHint: '逐级选择到乡镇（街道）', address: '地址',
    longitude: '经度', latitude: '纬度', coordinates: '坐标为 WGS-84，单位为度', place: '场所类别', class: '监看类别',
    retention: '保存天数', retentionHint: '法定不少于 {{floor}} 天（公共安全视频图像信息系统管理条例第十七条），至多 {{ceiling}} 天，期满即删', category: '法定类别', categoryHint: '反恐重点目标保存更久；由系统管理员设定',
    consent: '长期同意公安机关调看', consentHint: '不同意时，仅在突发事件等法定情形下可被调看。每次调看您都能查到。',
    banned: '摄像机会拍到以下任何场所吗？', bannedList: '旅馆客房、宿舍、公共浴室、卫生间、更衣室、哺乳室、试衣间，以及其他涉及隐私的场所（条例第八条）',
    bannedYes: '会拍到', bannedNo: '不会拍到', bannedRefused: '法律禁止在这些场所安装图像采集设备，不能登记。请调整位置或角度后再来。',
    sign: '是否已设置显著的提示标识？', signHint: '应当告知进入者此处有视频采集（条例第十三条）', signYes: '已设置', signNo: '尚未设置', signRefused: '请先张贴提示标识，再登记。',
    owner: '产权单位', responsible: '责任单位', funder: '出资单位', beneficiary: '受益单位', own: '本单位', submit: '登记', done: '登记成功',
    doneHint: '请现在就把密钥和地址填入摄像机。离开此页后密钥不再显示，只能更换。', toCamera: '进入摄像机页', another: '再登记一台',
    leave: '密钥还没有保存。离开后不再显示，确定离开吗？',
    rule: {
      name: '名称需 1 至 100 个字符', longitude: '经度在 -180 与 180 之间', latitude: '纬度在 -90 与 90 之间', both: '经度和纬度要么都填，要么都不填',
      retention: '保存天数在 {{floor}} 与 {{ceiling}} 之间', banned: '请回答此项', sign: '请回答此项',
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
    timeline: '时间轴', day: '日期', today: '今天', previousDay: '前一天', nextDay: '后一天', wholeDay: '全天', zoomIn: '放大', zoomOut: '缩小', recorded: '有录像', gap: '断录', expired: '已过保存期', held: '已封存', archived: '深度归档，须先调档',
    timelineHint: '点击或拖动指针播放；滚轮缩放，拖动平移', nothingRecorded: '这一天没有录像',
    tabs: { overview: '概况', push: '接入', shares: '分享链接', looks: '谁看过', evidence: '导出记录' },
    nationalId: '国标编码', address: '地址', division: '行政区划', position: '坐标', protocol: '推流协议', stream: '码流', since: '状态起始', viewers: '正在观看',
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
    revokeAll: '全部撤销', revokeAllAsk: '撤销这台摄像机的所有链接？5 秒内画面中断，且不可恢复。', revokeOwnAsk: '撤销本单位摄像机的所有链接？5 秒内画面中断，且不可恢复。', camera: '摄像机', revokedAll: '已撤销 {{n}} 个链接', bound: '限制', basis: '依据', basisHint: '凭什么可以分享，例如法律条款、合同、当事人同意；记入台账，打开链接的人也能看到',
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
  evidence: {
    export: '导出证据', title: '导出证据', intro: '导出前先登记：谁、为何、哪一段。文件含录像、来源、断录、事由和台账证明，并由平台签名，任何人无须账号即可核验。', window: '录像时段', submit: '登记并导出', ordered: '已登记，正在制作，几分钟内可在“导出记录”中下载',
    hour: '一次最多导出一小时', past: '时段须在现在之前', caseRule: '办理案件须填写案件编号', none: '没有导出记录', noneHint: '在时间轴上方点“导出证据”。', verify: '核验证据文件', when: '导出时间', size: '大小', until: '{{time}} 后删除',
    download: '下载', remove: '删除', removeAsk: '删除文件；导出记录和台账保留。', state: { queued: '排队中', making: '制作中', ready: '可下载', failed: '失败', removed: '已删除', expired: '已到期删除' },
  },
  verify: {
    withdrawn: '签名密钥已于 {{at}} 撤销（{{reason}}）。本证据登记于密钥可能外泄之前，以台账为凭',
    title: '核验证据文件', intro: '把导出的 ZIP 文件拖到这里，核验它是否与导出时完全一致。文件只在本机核验，不会上传。', drop: '把证据文件拖到这里，或点击选择', dropHint: '须为导出时的原文件，请勿解压后重新打包', working: '正在核验…', again: '核验另一个文件',
    whole: '核验通过：与导出时完全一致', unchecked: '核验未完成：未核对登记', ledgerKey: '平台台账公钥', ledgerKeyHint: '默认取自本平台。也可粘贴另行取得的公钥（核验密钥）', ledgerKeyBad: '这不是台账公钥', refused: '核验不通过：不可作为证据采信', unread: '文件无法读取', insecure: '此页面须以 HTTPS 打开，浏览器才能核验签名；也可使用命令 gatepost verify', keys: '平台公钥', keysHint: '默认取自本平台。也可粘贴另行取得的公钥（JWKS 或核验密钥，每行一个）', keysBad: '这不是公钥', keysAway: '暂时取不到平台公钥，请粘贴另行取得的公钥',
    ledgerAway: '暂时问不到台账，请稍后再试，或不填检查点', checkpoint: '留存的台账检查点', checkpointHint: '如曾留存检查点，粘贴在此，一并核对台账', options: '公钥与台账', camera: '摄像机', owner: '产权单位', window: '申请时段', footage: '录像时段', missing: '断录', nothingMissing: '无断录', sources: '来源录像', sourcesOf: '{{n}} 段，其中 {{whole}} 段完整，与入库时的 SHA-256 一致',
    by: '导出人', at: '导出时间', why: '事由', case: '案件编号', ledger: '台账', ledgerOf: '第 {{n}} 条，共 {{size}} 条', key: '签名密钥',
    gaps: { camera_offline: '摄像机离线', network: '网络中断', gateway: '网关故障', storage: '存储故障', suspended: '已停用', not_enrolled: '尚未入网', expired: '已过保存期' },
  },
  menu: { cameras: '摄像机', duty: '值守', incidents: '应急', footage: '录像请求', sharing: '跨部门共享', programmes: '建设规划', reports: '月报', support: '技术支持', faults: '故障维修', ledger: '台账', retention: '录像保存', notifications: '通知' },
  access: { remedies: '以下情形可以观看：', playback: '录像可以查看：在时间轴上点选。' },
  area: {
    title: '范围', circle: '圆形', polygon: '多边形', division: '行政区划', around: '以摄像机为中心', aroundHint: '选一台摄像机，填入它的坐标', radius: '半径', corners: '顶点', cornersHint: '每行一个：经度，纬度（WGS-84）', cornersRule: '至少三行，每行为经度和纬度',
    aCircle: '{{longitude}}, {{latitude}} 周围 {{metres}} 米', aPolygon: '{{n}} 个顶点的多边形',
  },
  duty: {
    title: '值守', about: '一类点由分控中心 24 小时实时监看', board: '监看看板', alarms: '无人值守告警', rota: '值班表', handovers: '交接班', gaps: '缺岗', all: '全部一类点', unwatched: '无人监看', watched: '监看中', alarm: '告警', noCameras: '辖区内没有在用的一类点',
    since: '起始时间', watchers: '谁在监看', others: '另有 {{n}} 人观看', after: '无人监看 {{n}} 秒后告警', set: '设置', seconds: '告警时限（秒）', setHint: '10 秒至 1 小时，对本辖区及下级生效', noAlarms: '近 30 天没有告警', closed: '已解除', cause: '原因',
    causes: { unattended: '有画面，无人监看', offline: '摄像机离线' }, unwatchedSince: '最后有人监看', opened: '告警时间', closedAt: '解除时间', previousWeek: '上一周', nextWeek: '下一周', assign: '排班', noShifts: '这一周没有排班', person: '值班人', present: '到岗 – 离岗',
    states: { ahead: '未开始', waiting: '待到岗', on: '在岗', left: '已下班', missed: '未到岗' }, checkIn: '到岗', checkOut: '离岗', checkOutAsk: '离岗后不能再到岗；请先写好交接班记录。', remove: '删除', removeAsk: '从值班表中删除这一班？',
    everyDays: '每几天重复', everyHint: '1 为每天，7 为每周', times: '共几次', handOver: '写交接班记录', handoverHint: '到岗后可写；记录不可修改，由下一班确认。', noHandovers: '还没有交接班记录', from: '交班人', happened: '值班情况', openMatters: '待办事项', takenOver: '接班确认', waits: '等待下一班确认', acknowledge: '确认接班', shift: '班次',
    noGaps: '这一周没有缺岗', gap: '缺岗类别', gapKinds: { rota: '无人排班', attendance: '未到岗', watch: '无人监看' },
  },
  incidents: {
    title: '应急', about: '重大活动、大型保卫任务、突发事件期间调用范围内所有摄像机', make: '启动', none: '没有与本单位有关的应急事件', state: '状态', states: { waiting: '待批准', scheduled: '未开始', active: '进行中', ended: '已结束' }, drill: '演练', drillHint: '这是演练：效力相同，各处都会标明',
    name: '名称', kind: '类别', kinds: { emergency: '突发事件', major_event: '重大活动', security_task: '大型保卫任务' }, who: '启动单位', when: '时间', until: '结束时间', endedAt: '{{time}} 提前结束', record: '记录', approve: '批准', approveAsk: '批准后立即生效。', end: '结束', endAsk: '结束后 5 秒内画面中断。', cameras: '开放的摄像机', noCameras: '范围内没有摄像机', looks: '谁看了什么', noLooks: '还没有人看过',
    reasonHint: '摄像机所属单位可以看到', levels: '哪些级别的公安可以调看', level: { province: '省', city: '市', county: '县（区）', town: '乡镇（街道）' }, renews: '延续哪一次', renewsHint: '同一批摄像机继续开放，须在结束前一小时内延续，并写明新的事由', units: '另外指定的单位', unitsHint: '不论级别都可以调看；列表中没有的，填入其单位编号', approver: '须经其批准的单位', approverHint: '选填；批准之前不开放任何摄像机',
  },
  footage: {
    title: '录像请求', about: '为办案向一个区域内的产权单位征集录像', asked: '本单位提出的', received: '本单位收到的', ask: '提出请求', send: '提交', silence: '区域内的产权单位会收到请求，可以答复，也可以不予理会；您不会知道请求送达了谁。', noneAsked: '还没有提出过请求', noneReceived: '没有收到请求',
    states: { open: '征集中', withdrawn: '已撤回', expired: '已过期' }, answerStates: { open: '可查看', revoked: '已撤销', expired: '已过期' }, answers: '答复', noAnswer: '暂无', expires: '答复截止', withdraw: '撤回', withdrawAsk: '撤回后，已有的答复也不再开放。', copies: '可以导出', mine: '本单位的答复', answer: '答复', give: '开放',
    ignore: '您可以只开放部分摄像机和时段，也可以不予理会，对方不会得知。', choose: '开放哪些摄像机', words: '附言',
  },
  sharing: {
    title: '跨部门共享', about: '向产权单位申请使用摄像机，由其批准', ask: '申请', none: '没有申请', states: { asked: '待批准', approved: '已批准', refused: '已拒绝', revoked: '已撤销', expired: '已过期' }, weHold: '本单位被申请', weAsk: '本单位申请', between: '申请单位与产权单位', answered: '答复：{{words}}', allDay: '全天', approve: '批准', refuse: '拒绝', refuseAsk: '拒绝这份申请？',
    cameras: '摄像机', camerasHint: '从列表中选择；列表中没有的，填入其系统内编号。须属同一产权单位', hours: '每天的时段', hoursHint: '北京时间；留空为全天',
  },
  support: {
    title: '技术支持', about: '请运营方协助时，开放不超过 24 小时的观看窗口，到时自动关闭', open: '开放窗口', close: '关闭', none: '没有窗口', states: { open: '开放中', closed: '已关闭', over: '已到期' }, which: '摄像机', all: '本单位全部摄像机', until: '开放至',
  },
  faults: {
    title: '故障维修', about: '在用摄像机的故障与维修', faults: '故障', orders: '工单', outages: '计划停机', lasting: '当前', over: '含已恢复', none: '没有故障', noOrders: '没有工单', noOutages: '没有计划停机',
    kinds: { offline: '离线', recording: '未录像', key_frames: '无关键帧', black: '黑屏', frozen: '画面冻结', bit_rate: '码率过低', clock: '时钟漂移', unwatched: '无人监看' }, since: '开始', lasted: '恢复', evidence: '现象', order: '派单维修', ordered: '已派单', byHand: '新建工单', description: '问题描述',
    states: { open: '待接单', taken: '处理中', done: '已完成', confirmed: '已确认', withdrawn: '已撤销' }, openOrders: '未结', closedToo: '含已结', overdueOnly: '超时', overdue: '超时', due: '应完成', who: '维修单位', reopened: '退回 {{n}} 次', take: '接单', done: '完成', confirm: '确认', reopen: '未修好', withdraw: '撤销', cause: '原因', note: '处理情况', remark: '说明',
    causes: { power: '供电', lighting: '补光', network: '网络', camera: '摄像机', obstruction: '遮挡', settings: '设置', other: '其他' }, plan: '登记停机', planHint: '停机期间的异常不算故障', from: '开始', to: '结束', end: '提前结束', endAsk: '从现在起恢复统计。',
  },
  ledger: {
    title: '台账', about: '谁看过本单位的摄像机；记录不可暗中修改', all: '全部类别', none: '没有记录', kind: '类别', refused: '被拒绝', system: '系统', camera: '摄像机', detail: '内容',
    kinds: { look: '调阅', decision: '判定', grant: '调阅登记', revoke: '中止', share: '分享', export: '导出', incident: '应急', cross_grant: '跨部门共享', request: '录像请求', support: '技术支持', duty: '值守', camera: '摄像机变更', consent: '长期同意', retention: '保存期', hold: '封存', deletion: '删除', programme: '建设规划', report: '月报', member: '成员', session: '登录', invitation: '邀请', organisation: '单位', notification: '通知', webhook: '推送地址', health: '故障维修' },
  },
  notifications: {
    title: '通知', told: '收到的通知', webhooks: '推送地址', deliveries: '推送记录', none: '没有通知', about: '事项', add: '添加推送地址', webhookHint: '通知以签名的 POST 请求推送到此地址', noWebhooks: '没有推送地址', address: '地址', remove: '移除', removeAsk: '移除后不再推送到此地址。', secret: '签名密钥', secretHint: '只显示这一次，用于验证推送的签名。', noDeliveries: '没有推送记录', attempts: '次数', error: '错误', states: { waiting: '等待', delivered: '已送达', dead: '已放弃' },
    kinds: { duty_gap: '值班缺岗', incident_started: '应急启动', incident_ended: '应急结束', cross_grant: '跨部门共享', footage_request: '录像请求', support: '技术支持', unwatched: '无人值守', export: '录像导出', hold_capacity: '封存容量', restore: '录像调档', fault: '故障', work_order: '工单' },
    acts: { rota_gap: '值班表将有缺岗，请排班', asked: '收到请求', answered: '已答复', approved: '已批准', refused: '已拒绝', revoked: '已撤销', withdrawn: '已撤回', unwatched: '一类点无人监看', watched_again: '恢复监看', no_longer_due: '不再需要监看', near: '接近上限', over: '超出上限', ready: '可以回放', given_up: '调档未成', fault_opened: '出现故障', fault_over: '已恢复', fault_left: '已停用', order_opened: '请维修', order_assigned: '已派单', order_taken: '已接单', order_done: '已修好', order_confirmed: '已确认', order_reopened: '未修好', order_withdrawn: '已撤销' },
  },
  ...government,
  undertaking: { due: '您还没有接受承诺书', changed: '承诺书有了新的一版', read: '阅读并接受', accept: '接受承诺书' },
  signUp: {
    about: '小型经营户自助注册：填写信息、验证联系方式、签署承诺书，即可登记摄像机。', closed: '本平台不开放自助注册，请向运营方索取邀请。', haveAccount: '已有账号，去登录',
    who: '填写信息', code: '验证', undertaking: '承诺书', organisation: '单位名称', organisationHint: '与营业执照一致', division: '所在区县或乡镇', name: '您的姓名',
    contact: '手机号或邮箱', contactHint: '验证码发到这里，今后用它登录', password: '密码', passwordRule: '至少 8 个字符', begin: '获取验证码',
    sent: '验证码已发往 {{contact}}，{{time}} 前有效。', notSent: '本平台未配置发送到 {{contact}} 的渠道，请向运营方索取验证码，{{time}} 前有效。', codeLabel: '验证码', codeRule: '验证码是 6 位数字', verify: '验证', again: '返回修改或重发',
    agree: '我已阅读并代表本单位承诺', accept: '签署并开通',
  },
  invitation: {
    about: '您收到一份加入邀请。', invites: '“{{organisation}}”邀请您以“{{role}}”身份加入，{{time}} 前有效。', loginHint: '若提示已被使用，可换一个', accept: '接受邀请',
    gone: '邀请不能使用', bad: '没有这份邀请，请检查链接是否复制完整。',
  },
  members: {
    title: '成员', list: '成员名单', invitations: '邀请', invite: '邀请成员', inviteSubmit: '发出邀请', invited: '邀请已生成', passOn: '请把链接转交 {{contact}}；关闭后不再显示。', sent: '邀请链接已发往 {{contact}}，7 天内有效。',
    name: '姓名', role: '角色', organisation: '单位', me: '本人', active: '正常', disabled: '已停用', deactivate: '停用', reactivate: '恢复', deactivateAsk: '停用后立即退出，正在观看的画面 5 秒内中断。', revokeAsk: '撤销后链接立即失效。',
    notYours: '成员由本单位负责人和主管管理。', state: { open: '待接受', accepted: '已加入', revoked: '已撤销', expired: '已过期' },
  },
  account: {
    title: '我的账号', noContact: '尚未验证', verified: '{{time}} 已验证', change: '验证手机号或邮箱', notify: '邮件通知', notifyAbout: '本单位的通知（应急调阅、跨部门共享等）同时发到我的邮箱', noMail: '本平台未配置邮件服务器', needsEmail: '请先验证一个邮箱',
  },
  admission: {
    title: '准入与套餐', messages: '验证码与消息', plans: '套餐', organisations: '单位', none: '还没有消息', messagesHint: '没有发送渠道的验证码在此显示，请核实对方身份后转告。用过或过期后不再显示。',
    when: '时间', purpose: '用途', to: '发往', code: '验证码', byHand: '待转告', problem: '问题', tries: '已试 {{n}} 次', kind: '类别', since: '加入时间',
    state: { waiting: '待发送', delivered: '已发送', dead: '未发送' },
    purposes: { signup: '自助注册', signup_exists: '提醒：已有账号', contact: '验证联系方式', invitation: '邀请', notification: '通知' },
  },
  plan: {
    title: '套餐', names: { basic: '基础', standard: '标准', extended: '扩展' }, name: '名称', cameras: '摄像机台数', retention: '最长保存', edit: '修改', make: '新建套餐', none: '不限', used: '已用 {{used}} / {{limit}} 台',
    hint: '自助注册的单位使用 basic。调小套餐不影响已登记的摄像机。', nameRule: '小写字母、数字和 -', retentionRule: '30 至 3650 天', room: '套餐：已登记 {{used}} / {{limit}} 台，录像最长保存 {{days}} 天', full: '台数已满。可先退役一台，或联系运营方升级套餐。',
  },
  kinds: { government: '政府', police: '公安', department: '职能部门', sub_control: '分控中心', business: '企业商户', community: '居民社区', operator: '运营商', third_party: '第三方' },
  errors: {
    invalid: '填写的内容有误', unauthenticated: '请重新登录', forbidden: '您没有这项权限', not_found: '没有找到', conflict: '当前状态不允许这样做', gone: '已失效', archived: '录像在深度归档中，需先调档',
    too_large: '内容过大', rate_limited: '操作过于频繁，请稍后再试', unavailable: '服务暂时不可用，请稍后再试', unsupported: '此服务器不提供这项功能', internal: '服务器内部错误，已记录', network: '网络不通，请检查连接', unexpected: '服务器的回答无法识别',
    field: '此项不符合要求：{{message}}',
    fields: {
      contact: '手机号或邮箱不符合要求，或已在使用', organisation: '单位名称不符合要求', code: '验证码不正确', plan: '套餐台数已满：可先退役一台，或联系运营方升级套餐', undertaking: '承诺书已更新，请刷新后重新阅读', organisation_id: '没有这个单位', role: '不能给予这个角色', cameras: '台数不符合要求',
      name: '名称不符合要求', 'position.longitude': '经度超出范围', 'position.latitude': '纬度超出范围', position: '坐标不符合要求', division: '没有这个行政区划', place: '没有这个场所类别', class: '类别只能是 1、2、3',
      retention_days: '保存天数超出允许范围', not_banned_place: '须确认不拍摄法律禁止的场所', sign_posted: '须先设置提示标识', owner_id: '没有这个单位', responsible_id: '没有这个单位', funder_id: '没有这个单位', beneficiary_id: '没有这个单位',
      from: '起始时间不符合要求', to: '结束时间不符合要求', expires_at: '有效期不符合要求', max_uses: '次数不符合要求', actions: '请选择允许查看的内容', label: '水印文字不符合要求', networks: '网络地址写成 203.0.113.0/24 或 203.0.113.7 的形式', origins: '网站写成 https://www.example.org 的形式，不带路径', legal_basis: '依据不符合要求', purpose: '请选择用途', reason: '请写明事由', case_number: '编号不符合要求',
      login: '账号不符合要求', password: '密码不符合要求', address: '地址不符合要求',
    },
  },
};

/** Every language has these words. */
export type Words = typeof zh;
