// Names for the shapes of the API. They come from the OpenAPI document (npm run
// generate), so that a change of the server shows here as a type error.
import type { components, operations } from './openapi.gen';

type Schemas = components['schemas'];

/** The JSON body that an operation takes. */
type Body<Name extends keyof operations> = operations[Name] extends { requestBody?: infer B }
  ? NonNullable<B> extends { content: { 'application/json': infer J } }
    ? J
    : never
  : never;

/** One page of a list. */
export interface Page<T> {
  items: T[];
  /** Cursor of the next page, '' or absent after the last. */
  next?: string;
}

export type Session = Schemas['Session'];
export type User = Schemas['User'];
export type Me = Schemas['Me'];
export type UserInput = Body<'create-user'>;
export type UserPatch = Body<'update-user'>;
export type Role = User['role'];

export type SignupInfo = Schemas['SignupInfo'];
export type SignupInput = Body<'begin-signup'>;
export type BegunSignup = Schemas['BegunSignup'];
export type SignedUp = Schemas['SignedUp'];
export type Invitation = Schemas['Invitation'];
export type InvitationInput = Body<'create-invitation'>;
export type NewInvitation = Schemas['NewInvitation'];
export type OpenedInvitation = Schemas['OpenedInvitation'];
export type AcceptedInvitation = Body<'accept-invitation'>;
export type Plan = Schemas['Plan'];
export type PlanUse = Schemas['PlanUse'];
export type Contact = Schemas['Contact'];
export type Message = Schemas['Message'];

export type Organisation = Schemas['Organisation'];
export type OrganisationInput = Body<'create-organisation'>;
export type Division = Schemas['Division'];
export type APIKey = Schemas['APIKey'];
export type APIKeyInput = Body<'create-api-key'>;
export type NewAPIKey = Schemas['NewAPIKey'];

export type Camera = Schemas['Camera'];
export type CameraState = Camera['state'];
export type CameraMedia = Schemas['CameraMedia'];
export type Acceptance = Schemas['CameraAcceptance'];
export type CameraInput = Body<'create-camera'>;
export type CameraPatch = Body<'update-camera'>;
export type CameraReason = Schemas['CameraReason'];
export type EnrolledCamera = Schemas['EnrolledCamera'];
export type StreamKey = Schemas['StreamKey'];
export type PublishURLs = Schemas['PublishURLs'];

export type Grant = Schemas['Grant'];
export type Action = Grant['action'];
export type GrantInput = Body<'create-grant'>;
export type NewGrant = Schemas['NewGrant'];
/** A small picture of a moment. */
export interface MomentPicture {
  /** A JPEG; whoever shows it draws the label over it. */
  image: Blob;
  /** When it was taken: the key frame at or before the moment. */
  time: Date;
  /** The watermark that the media token names, '' for none. */
  label: string;
}

/** What opens a picture: of POST /v1/grants, of POST /v1/shares/open, of POST /v1/shares/renew. */
export type MediaGrant = Pick<NewGrant, 'token' | 'expires_at' | 'urls'> & { label?: string };
export type MediaURLs = Schemas['PlayURLs'];

export type Timeline = Schemas['Timeline'];
export type Span = Schemas['TimelineSpan'];
export type SpanState = Span['state'];
export type Clip = Schemas['Clip'];
export type ClipInput = Body<'create-clip'>;

export type Evidence = Schemas['Evidence'];
export type EvidenceState = Evidence['state'];
export type EvidenceInput = Body<'create-evidence'>;
export type EvidenceLink = Schemas['EvidenceLink'];

export type Share = Schemas['Share'];
export type ShareInput = Body<'create-share'>;
export type ShareOpening = Schemas['Opening'];
export type NewShare = Schemas['NewShare'];
export type OpenedShare = Schemas['OpenedShare'];
export type SharedGrant = Schemas['SharedGrant'];

export type Hold = Schemas['Hold'];
export type HoldInput = Body<'create-hold'>;
export type NewHold = Schemas['NewHold'];
export type Restore = Schemas['Restore'];
export type RestoreInput = Body<'create-restore'>;
export type HoldUse = Schemas['HoldUse'];

export type RetentionPolicy = Schemas['RetentionPolicy'];
export type RetentionRules = Schemas['RetentionRules'];
export type CameraRetention = Schemas['CameraRetention'];
export type DryRun = Schemas['DryRun'];
export type RetentionRun = Schemas['RetentionRun'];
export type DeletionCertificate = Schemas['DeletionCertificate'];
export type DeletionOrder = Schemas['DeletionOrder'];
export type DeletionOrderInput = Body<'create-deletion-order'>;

export type Programme = Schemas['Programme'];
export type ProgrammeContent = Body<'update-programme'>;
export type ProgrammeInput = Body<'create-programme'>;
export type ProgrammeReview = Body<'review-programme'>;
export type ProgrammeTarget = Schemas['Target'];
export type ProgrammeSite = Schemas['Site'];
export type Coverage = Schemas['Coverage'];
export type CoverageCategory = Schemas['Category'];
export type BlindSpot = Schemas['BlindSpot'];
export type UncontrolledCamera = Schemas['UncontrolledCamera'];
export type SignOff = Body<'sign-off-camera'>;

export type Report = Schemas['Report'];
export type ReportFigures = Schemas['ReportFigures'];
export type ReportRow = Schemas['ReportRow'];
export type ReportCount = Schemas['ReportCount'];
export type ReportUse = Schemas['ReportUse'];
export type ReportFault = Schemas['ReportFault'];
export type ReportFiling = Schemas['ReportFiling'];
export type ReportReview = Body<'review-report'>;
export type ReportFormat = NonNullable<NonNullable<operations['get-report-file']['parameters']['query']>['format']>;
export type SettlementTerms = Schemas['SettlementTerms'];
export type SettlementLine = Schemas['SettlementLine'];
export type Usage = Schemas['Usage'];

/** Why something is allowed or refused, and what would allow it. */
export type Explanation = Schemas['Explanation'];

export type Watch = Schemas['Watch'];
export type WatchAlarm = Schemas['WatchAlarm'];
export type WatchSetting = Schemas['WatchSetting'];
export type DutyGap = Schemas['DutyGap'];
export type Shift = Schemas['Shift'];
export type ShiftInput = Body<'create-shifts'>;
export type Handover = Schemas['Handover'];
export type HandoverInput = Body<'create-handover'>;

export type Fault = Schemas['Fault'];
export type Outage = Schemas['Outage'];
export type OutageInput = Body<'create-outage'>;
export type WorkOrder = Schemas['WorkOrder'];
export type WorkOrderInput = Body<'create-work-order'>;
export type RepairInput = Body<'finish-work-order'>;
export type HealthSetting = Schemas['HealthSetting'];
export type HealthSettingInput = Body<'put-health-setting'>;
export type HealthFigures = Schemas['HealthFigures'];

export type FootageRequest = Schemas['FootageRequest'];
export type FootageInput = Body<'ask-footage'>;
export type ReceivedFootageRequest = Schemas['ReceivedFootageRequest'];
export type RequestedCamera = Schemas['RequestedCamera'];
export type FootageAnswer = Schemas['FootageAnswer'];
export type FootageAnswerInput = Body<'answer-footage-request'>;

export type Incident = Schemas['Incident'];
export type IncidentInput = Body<'create-incident'>;
export type IncidentCamera = Schemas['IncidentCamera'];
export type IncidentLook = Schemas['IncidentLook'];
export type CrossGrant = Schemas['CrossGrant'];
export type CrossGrantInput = Body<'ask-cross-grant'>;
export type CrossGrantAnswer = Body<'answer-cross-grant'>;
export type SupportWindow = Schemas['Window'];
export type SupportInput = Body<'open-support-window'>;

export type LedgerEntry = Schemas['Entry'];
export type Notification = Schemas['Notification'];
export type Webhook = Schemas['Webhook'];
export type NewWebhook = Schemas['NewWebhook'];
export type Delivery = Schemas['Delivery'];
