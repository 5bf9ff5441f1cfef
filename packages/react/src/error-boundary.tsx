import { type InvigilClient, isInvigilError } from "@invigil/client";
import { useQueryErrorResetBoundary } from "@tanstack/react-query";
import { Component, type ReactNode, useCallback, useContext } from "react";
import { InvigilContext } from "./context.js";
import { ErrorHandlingContext, type ErrorKind, kindOfError } from "./error-handling.js";
import { feedsOf } from "./feeds.js";

/** What a fallback is told. */
export interface FallbackProps {
  readonly error: unknown;
  /** The server's code of the error, `network` if no answer arrived, or `other`. */
  readonly kind: ErrorKind;
  /** The id by which the server's log knows the call. Undefined if the server did not answer. */
  readonly requestId: string | undefined;
  /** Renders the children again, and repeats what failed. */
  readonly retry: () => void;
}

/** What is shown instead of the children, by the kind of the error. `other` is for every kind that is not listed. */
export type Fallbacks = { readonly [Kind in ErrorKind]?: ReactNode | ((props: FallbackProps) => ReactNode) };

/** The properties of {@link InvigilErrorBoundary}. */
export interface InvigilErrorBoundaryProps {
  readonly fallback: Fallbacks;
  /** Called with each error that is shown, for example to report it. */
  readonly onError?: ((error: unknown) => void) | undefined;
  readonly children?: ReactNode;
}

interface BoundaryProps extends InvigilErrorBoundaryProps {
  /** Another person may have signed in, so that what failed may not fail now. */
  readonly client: InvigilClient | undefined;
  readonly onRetry: () => void;
}

const fallbackFor = (fallbacks: Fallbacks, kind: ErrorKind) => fallbacks[kind] ?? fallbacks.other;

interface BoundaryState {
  readonly caught: { readonly error: unknown } | undefined;
  readonly client: InvigilClient | undefined;
}

class Boundary extends Component<BoundaryProps, BoundaryState> {
  override state: BoundaryState = { caught: undefined, client: this.props.client };

  static getDerivedStateFromError(error: unknown): Partial<BoundaryState> {
    return { caught: { error } };
  }

  static getDerivedStateFromProps(
    { client }: BoundaryProps,
    state: BoundaryState,
  ): Partial<BoundaryState> | null {
    return client === state.client ? null : { caught: undefined, client };
  }

  override componentDidCatch(error: unknown): void {
    const { fallback, onError } = this.props;
    if (fallbackFor(fallback, kindOfError(error)) !== undefined) onError?.(error);
  }

  override render(): ReactNode {
    const { fallback, children, onRetry } = this.props;
    const { caught } = this.state;
    if (!caught) return children;
    const { error } = caught;
    const kind = kindOfError(error);
    const shown = fallbackFor(fallback, kind);
    // Not for this boundary, but for one above.
    if (shown === undefined) throw error;
    if (typeof shown !== "function") return shown;
    const retry = () => {
      onRetry();
      this.setState({ caught: undefined });
    };
    return shown({ error, kind, requestId: isInvigilError(error) ? error.data.requestId : undefined, retry });
  }
}

/**
 * Shows something else instead of children that failed, by the code of the error. It catches what components throw, what queries throw with
 * `throwOnError`, and what the server refuses to `useRoom` and its like. Errors that it has nothing for go to the next boundary above.
 *
 * @example
 * ```tsx
 * <InvigilErrorBoundary fallback={{ FORBIDDEN: <p>This is not your room.</p>, network: ({ retry }) => <Retry onClick={retry} /> }}>
 * ```
 */
export const InvigilErrorBoundary = ({
  fallback,
  onError,
  children,
}: InvigilErrorBoundaryProps): ReactNode => {
  const { reset } = useQueryErrorResetBoundary();
  const client = useContext(InvigilContext)?.client;
  const outer = useContext(ErrorHandlingContext);
  const kinds = Object.keys(fallback).sort().join(" ");
  const handles = useCallback(
    (error: unknown) => {
      const listed = kinds.split(" ");
      return listed.includes(kindOfError(error)) || listed.includes("other") || outer(error);
    },
    [kinds, outer],
  );
  const onRetry = () => {
    reset();
    if (client) feedsOf(client).reopen();
  };
  return (
    <ErrorHandlingContext.Provider value={handles}>
      <Boundary client={client} fallback={fallback} onError={onError} onRetry={onRetry}>
        {children}
      </Boundary>
    </ErrorHandlingContext.Provider>
  );
};
