{{- define "mentiondesk.labels" -}}
app.kubernetes.io/name: mentiondesk
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{- define "mentiondesk.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{/* What each part runs; the same words as in compose.yaml and the systemd units. */}}
{{- define "mentiondesk.command" -}}
{{- if eq . "web" -}}
["python", "-m", "uvicorn", "monitor.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--no-access-log"]
{{- else if eq . "worker" -}}
["python", "-m", "celery", "-A", "workers.app", "worker", "-Q", "collect,send,default", "--pool=threads", "-c", "8", "--without-gossip", "--without-mingle"]
{{- else if eq . "analyzer" -}}
["python", "-m", "celery", "-A", "workers.app", "worker", "-Q", "analyze", "--pool=solo", "--without-gossip", "--without-mingle"]
{{- else if eq . "beat" -}}
["python", "-m", "celery", "-A", "workers.app", "beat", "--pidfile="]
{{- else if eq . "sweeper" -}}
["mentiondesk", "work", "--forever"]
{{- else -}}
{{- fail (printf "There is no part %s." .) -}}
{{- end -}}
{{- end }}

{{- define "mentiondesk.environment" -}}
envFrom:
  - secretRef: {name: {{ .Values.existingSecret }}}
env:
  - {name: MENTIONDESK_HOME, value: /var/lib/mentiondesk}
  - {name: MENTIONDESK_PUBLIC_URL, value: {{ .Values.publicUrl | quote }}}
  - {name: MENTIONDESK_ALLOWED_HOSTS, value: {{ printf "%s,localhost" (urlParse .Values.publicUrl).hostname | quote }}}
  - {name: MENTIONDESK_BEHIND_PROXY, value: "true"}
  {{- range $name, $value := .Values.environment }}
  - {name: {{ $name }}, value: {{ $value | quote }}}
  {{- end }}
{{- end }}

{{- define "mentiondesk.security" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end }}
