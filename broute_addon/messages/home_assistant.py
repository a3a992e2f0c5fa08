"""What Home Assistant and the page say: sentences about Supervisor, Core and broker, the steps of
the connection. Key: (English, Japanese)."""

SENTENCES = {
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
    "step_waiting_for_options": ("Waiting for the options", "設定の入力待ち"),
    "step_looking_for_stick": ("Looking for the stick", "スティックを探しています"),
    "step_identifying_stick": ("Identifying the stick", "スティックを識別しています"),
    "step_scanning": ("Searching for the meter", "メーターを探索しています"),
    "step_joining": ("Logging in to the meter", "メーターにログインしています"),
    "step_interviewing": ("Asking what the meter can do", "メーターの機能を確認しています"),
    "step_reading": ("Reading", "計測中"),
    "step_renewing": ("Reading; renewing the session", "計測中（セッションを更新中）"),
    "step_on_hold": (
        "Waiting: the hour's airtime is used up",
        "送信時間の上限に達したため待機中",
    ),
    "step_recovering": ("Recovering the connection", "接続を回復しています"),
    "notification_title": ("Smart Meter B Route", "スマートメーター B ルート"),
    "web_port_taken": (
        "The web page can't be served at {host}:{port} ({reason}); everything else goes on.",
        "{host}:{port} でウェブページを公開できません（{reason}）。他の機能は動作を続けます。",
    ),
    "forget_nothing": (
        "No earlier installation is known in {path}; there is nothing to clear.",
        "{path} に以前の記録がないため、消去するものはありません。",
    ),
    "forget_done": (
        "Cleared {count} retained messages of {instance} at the MQTT broker.",
        "MQTT ブローカーから {instance} の保持メッセージを {count} 件消去しました。",
    ),
    "core_refused": (
        "Home Assistant refuses {command} ({code}): {said}",
        "Home Assistant に {command} を拒否されました（{code}）：{said}",
    ),
    "core_lost": (
        "The connection to Home Assistant is lost; trying again.",
        "Home Assistant との接続が切れました。再試行します。",
    ),
    "core_too_old": (
        "Home Assistant {version} is too old for the history: 2025.11 or later is needed.",
        "Home Assistant {version} は履歴の取り込みに対応していません。"
        "2025.11 以降に更新してください。",
    ),
    "core_starting": (
        "Home Assistant is still starting; the history follows.",
        "Home Assistant が起動中です。履歴は起動後に取り込みます。",
    ),
    "recorder_absent": (
        "Home Assistant's recorder isn't running: without it there is no history to write to.",
        "Home Assistant のレコーダーが動作していないため、履歴を取り込めません。",
    ),
    "recorder_migrating": (
        "Home Assistant is converting its database; the history follows.",
        "Home Assistant がデータベースを変換中です。履歴は変換後に取り込みます。",
    ),
    "recorder_behind": (
        "Home Assistant's recorder is behind with its work; the history follows.",
        "Home Assistant のレコーダーの処理が遅れています。履歴は後ほど取り込みます。",
    ),
    "import_not_kept": (
        "Home Assistant took rows of {id} but doesn't have them afterwards; trying again.",
        "Home Assistant は {id} の行を受け取りましたが保存していません。再試行します。",
    ),
    "statistics_back": (
        "Home Assistant takes the history again.",
        "Home Assistant への履歴の取り込みが回復しました。",
    ),
    "statistic_energy_bought": (
        "Smart meter: energy bought",
        "スマートメーター：買電量",
    ),
    "statistic_energy_sold": ("Smart meter: energy sold", "スマートメーター：売電量"),
    "repair_offset": (
        "The hours from {since} to {until} aren't mended: the sensor's count was reset or adjusted "
        "in between, so its statistics can't be continued safely.",
        "{since} から {until} までの時間は修復しません。その間にセンサーの積算値がリセットまたは"
        "調整されたため、統計を安全に補完できません。",
    ),
    "repair_not_between": (
        "The hours from {since} to {until} aren't mended: the meter's readings don't lie between "
        "those that Home Assistant has before and after.",
        "{since} から {until} までの時間は修復しません。メーターの値が前後の Home Assistant の値の"
        "間にありません。",
    ),
    "repair_unit": (
        "The statistics of {entity} aren't mended: they are kept in {unit}.",
        "{entity} の統計は修復しません。単位が {unit} です。",
    ),
    "repair_shift_unclear": (
        "The past of {entity} stays as it is: its sums were changed while they were being moved; "
        "look at Settings, Developer tools, Statistics.",
        "{entity} の過去の統計はそのままにします。移動中に合計値が変更されました。"
        "「開発者ツール」の「統計」を確認してください。",
    ),
    "repair_begins": (
        "{count} hours of {entity} are wrong or missing in Home Assistant and are mended now.",
        "{entity} の {count} 時間分の統計に誤りまたは欠落があるため、修復します。",
    ),
    "repair_done": (
        "{count} hours of {entity} are right now.",
        "{entity} の {count} 時間分の統計を修復しました。",
    ),
}
