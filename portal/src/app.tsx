import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { App as AntApp, ConfigProvider, Spin, theme } from 'antd';
import enUS from 'antd/locale/en_US';
import zhCN from 'antd/locale/zh_CN';
import dayjs from 'dayjs';
import 'dayjs/locale/zh-cn';
import { lazy, Suspense, useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { createBrowserRouter, Navigate, Outlet, RouterProvider, useLocation } from 'react-router';
import { codeOf } from './errors';
import { Frame } from './frame';
import { SessionProvider, useSession } from './session';
import { mayMove, useDark } from './theme';

const SignIn = lazy(() => import('./pages/signin').then((m) => ({ default: m.SignInPage })));
const Cameras = lazy(() => import('./pages/cameras').then((m) => ({ default: m.CamerasPage })));
const Enrol = lazy(() => import('./pages/enrol').then((m) => ({ default: m.EnrolPage })));
const Camera = lazy(() => import('./pages/camera').then((m) => ({ default: m.CameraPage })));
const Verify = lazy(() => import('./pages/verify').then((m) => ({ default: m.VerifyPage })));
const Shares = lazy(() => import('./pages/shares').then((m) => ({ default: m.SharesPage })));
const Duty = lazy(() => import('./pages/duty').then((m) => ({ default: m.DutyPage })));
const Incidents = lazy(() => import('./pages/incidents').then((m) => ({ default: m.IncidentsPage })));
const Footage = lazy(() => import('./pages/footage').then((m) => ({ default: m.FootagePage })));
const Sharing = lazy(() => import('./pages/sharing').then((m) => ({ default: m.SharingPage })));
const Programmes = lazy(() => import('./pages/programmes').then((m) => ({ default: m.ProgrammesPage })));
const Reports = lazy(() => import('./pages/reports').then((m) => ({ default: m.ReportsPage })));
const Report = lazy(() => import('./pages/report').then((m) => ({ default: m.ReportPage })));
const Retention = lazy(() => import('./pages/retention').then((m) => ({ default: m.RetentionPage })));
const Support = lazy(() => import('./pages/support').then((m) => ({ default: m.SupportPage })));
const Faults = lazy(() => import('./pages/faults').then((m) => ({ default: m.FaultsPage })));
const Ledger = lazy(() => import('./pages/ledger').then((m) => ({ default: m.LedgerPage })));
const Notifications = lazy(() => import('./pages/notifications').then((m) => ({ default: m.NotificationsPage })));
const SignUp = lazy(() => import('./pages/signup').then((m) => ({ default: m.SignUpPage })));
const Invitation = lazy(() => import('./pages/invitation').then((m) => ({ default: m.InvitationPage })));
const Members = lazy(() => import('./pages/members').then((m) => ({ default: m.MembersPage })));
const Admission = lazy(() => import('./pages/admission').then((m) => ({ default: m.AdmissionPage })));
const Account = lazy(() => import('./pages/account').then((m) => ({ default: m.AccountPage })));
const Share = lazy(() => import('./pages/share').then((m) => ({ default: m.SharePage })));

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // What failed for want of an answer is asked again; a refusal is an answer.
      retry: (count, err) => count < 2 && (codeOf(err) === 'network' || codeOf(err) === 'unavailable'),
      staleTime: 2000,
    },
  },
});

/** Pages of signed-in people, inside the frame; others are led to the sign-in page and back. */
function Inside() {
  const session = useSession();
  const { pathname, search } = useLocation();
  if (session.kind === 'asking') return <Spin fullscreen delay={300} />;
  if (session.kind !== 'in') return <Navigate to="/signin" replace state={{ back: pathname + search }} />;
  return (
    <Frame>
      <Suspense fallback={<Spin style={{ display: 'block', margin: '20vh auto' }} />}>
        <Outlet />
      </Suspense>
    </Frame>
  );
}

function Signed() {
  return (
    <SessionProvider>
      <Outlet />
    </SessionProvider>
  );
}

const router = createBrowserRouter([
  // These ask for no session: their readers have no account.
  { path: '/s', element: <Share /> },
  { path: '/s/:token', element: <Share /> }, // links that were made before the token lay in the fragment
  { path: '/verify', element: <Verify /> },
  {
    element: <Signed />,
    children: [
      { path: '/signin', element: <SignIn /> },
      { path: '/signup', element: <SignUp /> },
      { path: '/invitation', element: <Invitation /> },
      {
        element: <Inside />,
        children: [
          { path: '/', element: <Navigate to="/cameras" replace /> },
          { path: '/cameras', element: <Cameras /> },
          { path: '/cameras/new', element: <Enrol /> },
          { path: '/cameras/:id', element: <Camera /> },
          { path: '/shares', element: <Shares /> },
          { path: '/duty', element: <Duty /> },
          { path: '/incidents', element: <Incidents /> },
          { path: '/footage', element: <Footage /> },
          { path: '/sharing', element: <Sharing /> },
          { path: '/programmes', element: <Programmes /> },
          { path: '/reports', element: <Reports /> },
          { path: '/reports/:id', element: <Report /> },
          { path: '/retention', element: <Retention /> },
          { path: '/support', element: <Support /> },
          { path: '/faults', element: <Faults /> },
          { path: '/ledger', element: <Ledger /> },
          { path: '/notifications', element: <Notifications /> },
          { path: '/members', element: <Members /> },
          { path: '/admission', element: <Admission /> },
          { path: '/account', element: <Account /> },
          { path: '*', element: <Navigate to="/cameras" replace /> },
        ],
      },
    ],
  },
]);

export function App() {
  const { i18n } = useTranslation();
  const dark = useDark();
  const chinese = i18n.language === 'zh';
  dayjs.locale(chinese ? 'zh-cn' : 'en');
  useEffect(() => {
    document.documentElement.dataset['theme'] = dark ? 'dark' : 'light';
  }, [dark]);
  return (
    <ConfigProvider
      locale={chinese ? zhCN : enUS}
      button={{ autoInsertSpace: false }}
      theme={{
        algorithm: dark ? theme.darkAlgorithm : theme.defaultAlgorithm,
        token: { motion: mayMove, colorPrimary: dark ? '#3b82d6' : '#1d5fa8', colorLink: dark ? '#6aa5e8' : '#1d5fa8', borderRadius: 6, fontFamily: 'system-ui, -apple-system, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif' },
        components: { Table: { cellPaddingBlockSM: 7 }, Layout: { headerHeight: 52, headerPadding: '0 20px' } },
      }}
    >
      <AntApp>
        <QueryClientProvider client={queries}>
          <Suspense fallback={<Spin fullscreen delay={300} />}>
            <RouterProvider router={router} />
          </Suspense>
        </QueryClientProvider>
      </AntApp>
    </ConfigProvider>
  );
}
