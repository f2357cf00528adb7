variable "deployment" {
  description = "Short name of the deployment, such as the province's."
  type        = string
}

variable "function_arn" {
  description = "The Lambda function that runs `gatepost lambda`."
  type        = string
}

variable "tasks" {
  description = "How often each task is done, in minutes. GET /v1/tasks lists those that there are; what serve does every few seconds is done every minute here."
  type        = map(number)
  default = {
    compaction   = 1
    contact      = 1
    duty         = 1
    evidence     = 1
    footage      = 1
    health       = 1
    hold         = 10
    identity     = 60
    incident     = 1
    integrity    = 1
    ledger       = 1
    looks        = 1
    node         = 60
    notification = 1
    playback     = 60
    recording    = 1
    restore      = 1
    retention    = 1
    rota         = 1
    signup       = 60
    usage        = 1
  }

  validation {
    condition     = alltrue([for minutes in values(var.tasks) : minutes >= 1 && floor(minutes) == minutes])
    error_message = "Give whole minutes, at least one: EventBridge calls no more often."
  }
}
