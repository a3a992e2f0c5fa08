"""Every sentence a household can meet, in English and Japanese, in one table.

A `Message` is a key with its fields, so that one event reads in each reader's language: `str()`
is English, `text(Language.JA)` Japanese. Errors and log lines carry messages, never loose text.
Fields must never hold a secret.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType


class Language(Enum):
    """A language the product speaks."""

    EN = "en"
    JA = "ja"


@dataclass(frozen=True, slots=True)
class Message:
    """One sentence: what is so, where, and what to do. `key` names a row of `SENTENCES`."""

    key: str
    fields: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))

    def text(self, language: Language) -> str:
        """The sentence in a language. Raises KeyError for an unknown key or a missing field."""
        english, japanese = SENTENCES[self.key]
        template = japanese if language is Language.JA else english
        return template.format_map(self.fields)

    def __str__(self) -> str:
        return self.text(Language.EN)


def message(key: str, **fields: object) -> Message:
    """Shorthand: `message("option_missing", option="route_b_id")`."""
    return Message(key, fields)


_OPTIONS = {
    "options_unreadable": (
        "The options file {path} can't be read ({reason}).",
        "設定ファイル {path} を読み込めません（{reason}）。",
    ),
    "options_not_json": (
        "The options file {path} is not JSON (line {line}); save the options again.",
        "設定ファイル {path} が JSON 形式ではありません（{line} 行目）。"
        "設定を保存し直してください。",
    ),
    "option_unknown": (
        "The option {option} is unknown; remove it.",
        "設定項目 {option} は存在しません。削除してください。",
    ),
    "option_wrong": (
        "The option {option} must be {expected}; correct it in the options panel.",
        "設定項目 {option} は{expected_ja}でなければなりません。設定画面で修正してください。",
    ),
    "option_missing_credentials": (
        "The option {option} is empty: type the Route-B ID and password that the electricity "
        "network operator has sent.",
        "設定項目 {option} が空です。送配電事業者から届いた B ルート認証 ID とパスワードを"
        "入力してください。",
    ),
    "route_b_id_length": (
        "The option route_b_id has {count} characters instead of 32; copy the Route-B ID again.",
        "設定項目 route_b_id は 32 文字ですが、{count} 文字になっています。"
        "B ルート認証 ID を入力し直してください。",
    ),
    "route_b_id_characters": (
        "The option route_b_id may hold only the digits 0-9 and letters A-F; copy the Route-B ID "
        "again.",
        "設定項目 route_b_id に使えるのは 0～9 と A～F だけです。"
        "B ルート認証 ID を入力し直してください。",
    ),
    "route_b_password_length": (
        "The option route_b_password has {count} characters instead of 12; copy the password "
        "again.",
        "設定項目 route_b_password は 12 文字ですが、{count} 文字になっています。"
        "パスワードを入力し直してください。",
    ),
    "route_b_password_characters": (
        "The option route_b_password may hold only digits and letters; copy the password again.",
        "設定項目 route_b_password に使えるのは英数字だけです。パスワードを入力し直してください。",
    ),
    "mqtt_ca_name": (
        "The option mqtt_ca must be the name of a file in the ssl folder, without a path.",
        "設定項目 mqtt_ca には ssl フォルダー内のファイル名だけを入力してください。",
    ),
}

_ECHONET = {
    "eoj_wrong": (
        "{eoj} is not an ECHONET object code; it has 6 hexadecimal digits.",
        "{eoj} は ECHONET オブジェクトコードではありません。16 進 6 桁です。",
    ),
    "frame_too_short": (
        "This is no ECHONET Lite frame: it has {count} bytes, the shortest has 12.",
        "ECHONET Lite フレームではありません。12 バイト以上必要ですが、{count} バイトです。",
    ),
    "frame_header_wrong": (
        "This is no ECHONET Lite frame: it begins with {header} instead of 1081.",
        "ECHONET Lite フレームではありません。先頭が 1081 ではなく {header} です。",
    ),
    "frame_format_2": (
        "This is an ECHONET Lite frame of format 2 (1082), whose content is not specified; "
        "it is dropped.",
        "形式 2（1082）の ECHONET Lite フレームです。内容が規定されていないため破棄します。",
    ),
    "frame_service_unknown": (
        "This ECHONET Lite frame carries the service {esv}, which is not specified.",
        "ECHONET Lite フレームのサービスコード {esv} は規定されていません。",
    ),
    "frame_cut": (
        "This ECHONET Lite frame is cut: its properties need more than its {count} bytes.",
        "ECHONET Lite フレームが途中で切れています。{count} バイトではプロパティが収まりません。",
    ),
    "frame_not_sendable": (
        "A number in this ECHONET Lite frame does not fit its field.",
        "ECHONET Lite フレームの値がフィールドに収まりません。",
    ),
    "edt_size_wrong": (
        "The value has {count} bytes instead of {expected}.",
        "値の長さは {expected} バイトのはずですが、{count} バイトです。",
    ),
    "edt_content_wrong": (
        "The value {edt} can't be what this property holds.",
        "値 {edt} はこのプロパティの内容として正しくありません。",
    ),
    "edt_not_encodable": (
        "{value} can't be written into this property.",
        "{value} はこのプロパティに書き込めません。",
    ),
    "decode_not_hex": (
        "{text} is neither hexadecimal nor a line of a stick's log that is known here.",
        "{text} は 16 進数でも、既知のスティックのログ行でもありません。",
    ),
    "decode_odd": (
        "There are {count} hexadecimal digits; a byte has two, so one is missing.",
        "16 進数が {count} 桁あります。1 バイトは 2 桁なので、1 桁足りません。",
    ),
    "decode_epc_unknown": (
        "The property {epc} of class {eoj_class} is not known here.",
        "クラス {eoj_class} のプロパティ {epc} は登録されていません。",
    ),
    "decode_line_unknown": (
        "{text} is cut or not as a stick writes it.",
        "{text} は途中で切れているか、スティックの書式と一致しません。",
    ),
    "decode_length_wrong": (
        "The payload has {count} bytes, but its header announces {expected}.",
        "ペイロードは {count} バイトですが、ヘッダーでは {expected} バイトとなっています。",
    ),
    "j11_cut": (
        "This J11 frame is cut: it has {count} of {expected} bytes.",
        "J11 フレームが途中で切れています（{expected} バイト中 {count} バイト）。",
    ),
    "j11_sum_wrong": (
        "The {part} checksum of this J11 frame is {found} instead of {expected}.",
        "J11 フレームのチェックサム（{part}）は {expected} のはずですが、{found} です。",
    ),
}

_HOME_ASSISTANT = {
    "supervisor_unreachable": (
        "The Supervisor does not answer ({reason}); trying again.",
        "スーパーバイザーから応答がありません（{reason}）。再試行します。",
    ),
    "supervisor_not_ready": (
        "The Supervisor is still starting; trying again.",
        "スーパーバイザーが起動中です。再試行します。",
    ),
    "supervisor_denied": (
        "The Supervisor refuses this app's request ({status}); restart the app.",
        "スーパーバイザーに要求を拒否されました（{status}）。アプリを再起動してください。",
    ),
    "supervisor_refused": (
        "The Supervisor can't do what was asked: {reason}",
        "スーパーバイザーが要求を処理できません：{reason}",
    ),
    "supervisor_junk": (
        "The answer of the Supervisor can't be understood; trying again.",
        "スーパーバイザーの応答を解釈できません。再試行します。",
    ),
    "core_unreachable": (
        "Home Assistant does not answer ({reason}); trying again.",
        "Home Assistant から応答がありません（{reason}）。再試行します。",
    ),
    "core_denied": (
        "Home Assistant refuses the access token ({status}); make a new one.",
        "Home Assistant にアクセストークンを拒否されました（{status}）。"
        "トークンを作り直してください。",
    ),
    "core_junk": (
        "The answer of Home Assistant can't be understood ({status}); trying again.",
        "Home Assistant の応答を解釈できません（{status}）。再試行します。",
    ),
    "mqtt_service_absent": (
        "Home Assistant knows no MQTT broker yet: install and start the Mosquitto broker app, "
        "or fill in mqtt_host.",
        "Home Assistant に MQTT ブローカーが登録されていません。Mosquitto broker アプリを"
        "インストールして起動するか、mqtt_host を設定してください。",
    ),
    "mqtt_no_broker": (
        "No MQTT broker is known: fill in the option mqtt_host.",
        "MQTT ブローカーが指定されていません。設定項目 mqtt_host を入力してください。",
    ),
    "mqtt_unreachable": (
        "The MQTT broker {host}:{port} can't be reached ({reason}); trying again.",
        "MQTT ブローカー {host}:{port} に接続できません（{reason}）。再試行します。",
    ),
    "mqtt_tls_failed": (
        "The MQTT broker {host}:{port} and this app can't agree on encryption ({reason}); check "
        "mqtt_tls, mqtt_port and mqtt_ca.",
        "MQTT ブローカー {host}:{port} との暗号化通信を確立できません（{reason}）。"
        "mqtt_tls、mqtt_port、mqtt_ca を確認してください。",
    ),
    "mqtt_ca_unreadable": (
        "The certificate file {path} can't be used ({reason}); check mqtt_ca.",
        "証明書ファイル {path} を使用できません（{reason}）。mqtt_ca を確認してください。",
    ),
    "mqtt_refused_credentials": (
        "The MQTT broker {host}:{port} refuses the user name or password; check mqtt_username and "
        "mqtt_password, or restart the Mosquitto broker app.",
        "MQTT ブローカー {host}:{port} にユーザー名またはパスワードを拒否されました。"
        "mqtt_username と mqtt_password を確認するか、Mosquitto broker アプリを"
        "再起動してください。",
    ),
    "mqtt_refused": (
        "The MQTT broker {host}:{port} refuses the connection ({reason}).",
        "MQTT ブローカー {host}:{port} に接続を拒否されました（{reason}）。",
    ),
    "mqtt_lost": (
        "The connection to the MQTT broker {host}:{port} is lost ({reason}); trying again.",
        "MQTT ブローカー {host}:{port} との接続が切れました（{reason}）。再試行します。",
    ),
    "mqtt_silent": (
        "The MQTT broker {host}:{port} is connected but does not answer; trying again.",
        "MQTT ブローカー {host}:{port} に接続しましたが応答がありません。再試行します。",
    ),
    "mqtt_back": ("The MQTT broker is back.", "MQTT ブローカーとの接続が回復しました。"),
    "core_back": ("Home Assistant is back.", "Home Assistant との接続が回復しました。"),
    "all_is_well": ("Everything works.", "正常に動作しています。"),
    "notification_title": ("Smart Meter B Route", "スマートメーター B ルート"),
    "web_port_taken": (
        "The web page can't be served at {host}:{port} ({reason}); everything else goes on.",
        "{host}:{port} でウェブページを公開できません（{reason}）。他の機能は動作を続けます。",
    ),
    "page_title": ("Smart Meter B Route", "スマートメーター B ルート"),
    "page_connection": ("Connection", "接続状態"),
    "page_stick": ("Wi-SUN stick", "Wi-SUN スティック"),
    "page_meter": ("Meter", "メーター"),
    "page_values": ("Values", "計測値"),
    "page_read_now": ("Read now", "今すぐ検針"),
    "page_offline": (
        "The app does not answer; this page connects again by itself.",
        "アプリから応答がありません。自動的に再接続します。",
    ),
    "forget_nothing": (
        "No earlier installation is known in {path}; there is nothing to clear.",
        "{path} に以前の記録がないため、消去するものはありません。",
    ),
    "forget_done": (
        "Cleared {count} retained messages of {instance} at the MQTT broker.",
        "MQTT ブローカーから {instance} の保持メッセージを {count} 件消去しました。",
    ),
}

_METER = {
    "no_stick": (
        "No Wi-SUN stick answers: plug it in, or choose its port in the option device.",
        "Wi-SUN スティックが応答しません。差し込むか、設定項目 device でポートを選んでください。",
    ),
    "stick_identified": (
        "Stick found at {port}: {dialect}, firmware {firmware}.",
        "{port} でスティックを検出しました（{dialect}、ファームウェア {firmware}）。",
    ),
    "meter_found": (
        "Meter found on channel {channel}, signal {dbm} dBm.",
        "チャンネル {channel} でメーターを検出しました（電波強度 {dbm} dBm）。",
    ),
    "meter_joined": ("Logged in to the meter.", "メーターに接続しました。"),
    "meter_identified": (
        "The meter is {uid} ({maker}); it tells {count} kinds of value.",
        "メーターは {uid}（{maker}）、取得できる項目は {count} 種類です。",
    ),
    "first_reading": (
        "First reading: {power} W. From now on every {interval} seconds.",
        "最初の値は {power} W です。以後 {interval} 秒ごとに取得します。",
    ),
    "meter_not_found": (
        "No meter with this Route-B ID is in reach: check the ID, and bring the stick nearer to "
        "the meter.",
        "この B ルート認証 ID のメーターが見つかりません。ID を確認し、"
        "スティックをメーターに近づけてください。",
    ),
    "credentials_refused": (
        "The meter refuses the log-in again and again: Route-B ID or password is probably wrong; "
        "check both in the options.",
        "メーターへの接続が繰り返し拒否されています。B ルート認証 ID またはパスワードが"
        "間違っている可能性があります。設定を確認してください。",
    ),
    "session_absent": (
        "There is no session with the meter at the moment.",
        "現在メーターと接続していません。",
    ),
    "meter_silent": (
        "The meter did not answer {tries} requests in a row.",
        "メーターが {tries} 回続けて応答しませんでした。",
    ),
    "meter_nonsense": (
        "The meter answered EPC {epc} with {count} bytes that are no such value; it is left out.",
        "メーターの EPC {epc} の応答（{count} バイト）が正しくないため、この値は使いません。",
    ),
    "meter_without_map": (
        "The meter does not say which properties it has; asking again.",
        "メーターが対応項目の一覧を返しません。問い合わせ直します。",
    ),
    "energy_unit_unknown": (
        "The meter has not told the unit of its counters yet; energy waits for it.",
        "メーターから積算電力量の単位がまだ得られないため、電力量の取得を待っています。",
    ),
    "meter_exchanged": (
        "The meter has another serial number than before: it was exchanged.",
        "メーターの製造番号が以前と異なります。メーターが交換されました。",
    ),
    "property_refused": (
        "The meter refuses the property {epc}.",
        "メーターが項目 {epc} を拒否しました。",
    ),
    "recovered": (
        "Readings are back after {attempts} attempt(s).",
        "{attempts} 回の試行で取得が再開しました。",
    ),
}

_APP = {
    "started": (
        "Smart Meter B Route {version} started ({route}).",
        "スマートメーター B ルート {version}（{route}）を開始しました。",
    ),
    "web_password_unreadable": (
        "The page's password file {path} can't be read ({reason}); visitors from other machines "
        "may only look.",
        "ページのパスワードファイル {path} を読み込めません（{reason}）。"
        "ほかの機器からは閲覧のみ可能です。",
    ),
    "state_damaged": (
        "{path} can't be used ({reason}): set aside; the meter is looked for anew.",
        "{path} を使用できません（{reason}）。退避して、メーターを探し直します。",
    ),
    "state_unwritable": (
        "{path} can't be written ({reason}): what is learned is lost at the next start.",
        "{path} に書き込めません（{reason}）。学習した内容は次回の起動時に失われます。",
    ),
    "page_served": (
        "The page is served at http://{host}:{port}/.",
        "ページは http://{host}:{port}/ で開けます。",
    ),
    "stopped": ("Stopped.", "終了しました。"),
    "credentials_nowhere": (
        "No credentials: give --options FILE, or set {variable} in the environment.",
        "認証情報がありません。--options でファイルを指定するか、"
        "環境変数 {variable} を設定してください。",
    ),
    "demo_broker_failed": (
        "The demo's MQTT broker did not start.",
        "デモ用の MQTT ブローカーを起動できませんでした。",
    ),
    "demo_broker_absent": (
        "The demo needs an MQTT broker: install mosquitto, or name one with --mqtt.",
        "デモには MQTT ブローカーが必要です。mosquitto をインストールするか、"
        "--mqtt で指定してください。",
    ),
    "demo_mqtt_url": (
        "The argument --mqtt must be like mqtt://user:password@host:1883.",
        "引数 --mqtt は mqtt://user:password@host:1883 の形式で指定してください。",
    ),
    "simulation_impossible": (
        "The invented house can't be built: {reason}.",
        "仮想の家を作れません（{reason}）。",
    ),
    "options_awaited": (
        "Waiting for the options to be completed.",
        "設定が完了するのを待っています。",
    ),
    "argument_wrong": (
        "The argument {argument} is wrong: {reason}.",
        "引数 {argument} が正しくありません（{reason}）。",
    ),
}

_WISUN = {
    "port_missing": (
        "The port {port} doesn't exist: plug the Wi-SUN stick in.",
        "ポート {port} が見つかりません。Wi-SUN スティックを差し込んでください。",
    ),
    "port_forbidden": (
        "The port {port} may not be opened: give this program access to serial ports.",
        "ポート {port} を開く権限がありません。シリアルポートへのアクセスを許可してください。",
    ),
    "port_busy": (
        "The port {port} is in use by {program}: stop that program or choose another port.",
        "ポート {port} は {program} が使用中です。そのプログラムを止めるか、別のポートを"
        "選んでください。",
    ),
    "port_not_serial": (
        "{port} is not a serial port: choose another one.",
        "{port} はシリアルポートではありません。別のポートを選んでください。",
    ),
    "port_failed": (
        "The port {port} can't be opened ({reason}); unplug the stick and plug it in again.",
        "ポート {port} を開けません（{reason}）。スティックを差し直してください。",
    ),
    "port_lost": (
        "The stick at {port} has gone; plug it in again.",
        "{port} のスティックが外れました。差し直してください。",
    ),
    "port_closed": (
        "The port {port} has been closed.",
        "ポート {port} は閉じられました。",
    ),
    "dongle_silent": (
        "Nothing at {port} answers as a Wi-SUN stick does; unplug it and plug it in again, or "
        "choose another port.",
        "{port} から Wi-SUN スティックの応答がありません。差し直すか、別のポートを選んでください。",
    ),
    "dongle_unknown": (
        "The stick at {port} speaks a language that isn't known ({count} bytes heard); please "
        "report its model.",
        "{port} のスティックは未対応の言語で応答しています（{count} バイト受信）。"
        "機種名をお知らせください。",
    ),
    "dongle_j11": (
        "The stick at {port} is a J11 stick: not supported yet. Use a stick with SKSTACK "
        "commands, such as RS-WSUHA-P.",
        "{port} のスティックは J11 版で、まだ対応していません。RS-WSUHA-P など SKSTACK コマンドの"
        "スティックを使ってください。",
    ),
    "dongle_timeout": (
        "The Wi-SUN stick didn't complete {command} in time; it is reset.",
        "Wi-SUN スティックが時間内に {command} を完了しませんでした。リセットします。",
    ),
    "dongle_mute": (
        "The Wi-SUN stick no longer answers; if this stays so, unplug it and plug it in again.",
        "Wi-SUN スティックが応答しなくなりました。続く場合は差し直してください。",
    ),
    "command_refused": (
        "The Wi-SUN stick refused {command} (ER{code:02d}).",
        "Wi-SUN スティックが {command} を拒否しました（ER{code:02d}）。",
    ),
    "pan_not_found": (
        "No meter with this Route-B ID is in reach: move the stick nearer to the meter and check "
        "the ID.",
        "この B ルート認証 ID のメーターが見つかりません。スティックをメーターに近づけ、ID を"
        "確認してください。",
    ),
    "join_refused": (
        "The meter refused the login: probably the Route-B ID or password is wrong.",
        "メーターがログインを拒否しました。B ルート認証 ID かパスワードが違う可能性があります。",
    ),
    "join_unanswered": (
        "The meter didn't answer the login: probably the radio link is too weak or the meter has "
        "changed its channel.",
        "メーターがログインに応答しません。電波が弱いか、メーターのチャンネルが変わった"
        "可能性があります。",
    ),
    "not_joined": (
        "There is no session with the meter.",
        "メーターとのセッションがありません。",
    ),
    "session_terminated": (
        "The meter ended the session; logging in again.",
        "メーターがセッションを終了しました。再ログインします。",
    ),
    "session_closed": (
        "The session with the meter was closed; logging in again.",
        "メーターとのセッションが閉じられました。再ログインします。",
    ),
    "session_renewal_failed": (
        "The session with the meter couldn't be renewed; logging in again.",
        "メーターとのセッションを更新できませんでした。再ログインします。",
    ),
    "session_renewal_overdue": (
        "The renewal of the session with the meter took too long; logging in again.",
        "メーターとのセッションの更新が時間内に終わりませんでした。再ログインします。",
    ),
    "session_unsendable": (
        "The stick no longer sends to the meter; logging in again.",
        "スティックがメーターへ送信できなくなりました。再ログインします。",
    ),
    "transmit_failed": (
        "The radio couldn't deliver a request to the meter; asking again.",
        "メーターへの要求を無線で送れませんでした。再送します。",
    ),
}

SENTENCES: Mapping[str, tuple[str, str]] = MappingProxyType(
    _OPTIONS | _ECHONET | _HOME_ASSISTANT | _METER | _APP | _WISUN
)
